import { type Range, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activationQuantization } from './activation-quantization.ts'

const quantize = (activation: readonly number[], levels: number, range: Range): number[] => [
  ...activationQuantization.apply(tensor([activation.length], activation), levels, {
    rng: rngFrom('unused'),
    layer: {} as Layer,
    range,
    std: 1,
  }).data,
]

describe('activation-quantization', () => {
  conformance(activationQuantization, it)

  it('rounds to levels over the calibrated range and clips to it', () => {
    // Step 1: −1, 0, 1, 2.
    expect(quantize([-7, -0.5, 0.4, 0.5, 1.6, 9], 4, { low: -1, high: 2 })).toEqual([-1, -1, 0, 1, 2, 2])
  })

  it('widens a range that leaves zero out, and knows only zero where there is none', () => {
    expect(quantize([0, 1, 3.9], 3, { low: 2, high: 4 })).toEqual([0, 2, 4])
    expect(quantize([1, -1], 3, { low: 0, high: 0 })).toEqual([0, 0])
  })

  it('does not depend on what else the example holds', () => {
    const values = fc.array(fc.float({ noNaN: true, min: -10, max: 10 }), { minLength: 1 })
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 256 }), (activation, levels) => {
        const range = { low: -3, high: 5 }
        const together = quantize(activation, levels, range)
        expect(together).toEqual(activation.map((a) => quantize([a], levels, range)[0]))
        expect(new Set(together.map((a) => a + 0)).size).toBeLessThanOrEqual(levels)
      }),
    )
  })

  it.each([1, 2.5, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels, { low: 0, high: 1 })).toThrow(RangeError)
  })
})
