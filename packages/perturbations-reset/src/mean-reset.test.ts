import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meanReset } from './mean-reset.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const reset = (weights: readonly number[], alpha: number): number[] => [
  ...meanReset.apply(tensor([weights.length], weights), alpha, context).data,
]

describe('mean-reset', () => {
  conformance(meanReset, it)

  it('goes the share α of the way to the mean of the weights', () => {
    // Mean 2.
    expect(reset([4, -2, 4], 0.25)).toEqual([3.5, -1, 3.5])
    expect(reset([4, -2, 4], 1)).toEqual([2, 2, 2])
  })

  it('keeps the mean', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (weights, alpha) => {
          const mean = (values: readonly number[]): number => values.reduce((sum, w) => sum + w, 0) / values.length
          expect(mean(reset(weights, alpha))).toBeCloseTo(mean(weights), 4)
        },
      ),
    )
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => reset([1], alpha)).toThrow(RangeError)
  })
})
