import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { zeroReset } from './zero-reset.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const reset = (weights: readonly number[], alpha: number): number[] => [
  ...zeroReset.apply(tensor([weights.length], weights), alpha, context).data,
]

describe('zero-reset', () => {
  conformance(zeroReset, it)

  it('scales all weights by 1 − α', () => {
    expect(reset([4, -8, 0], 0.25)).toEqual([3, -6, 0])
    expect(reset([4, -8, 0], 1)).toEqual([0, 0, 0])
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => reset([1], alpha)).toThrow(RangeError)
  })
})
