import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { affineQuantization } from './affine-quantization.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const quantize = (weights: readonly number[], levels: number): number[] => [
  ...affineQuantization.apply(tensor([weights.length], weights), levels, context).data,
]

describe('affine-quantization', () => {
  conformance(affineQuantization, it)

  it('rounds to the nearest level between the extremes, a half away from zero', () => {
    // Four levels over [−1, 2]: step 1, zero point 1.
    expect(quantize([-1, 2, 0.4, 0.5, 1.5, -0.5, -0.4], 4)).toEqual([-1, 2, 0, 1, 2, -1, 0])
  })

  it('shifts the levels so that zero is one of them, and clips to them', () => {
    // Three levels over [−1, 2]: step 1.5, −1 / 1.5 rounds to one level below zero: −1.5, 0, 1.5.
    expect(quantize([-1, 2, 0, 0.7], 3)).toEqual([-1.5, 1.5, 0, 0])
    // Over [−2, 10], a sixth of the step lies below zero, and no level: 0, 12.
    expect(quantize([-2, 10, 5], 2)).toEqual([0, 12, 0])
  })

  it('widens a range that leaves zero out', () => {
    expect(quantize([1, 2, 4], 5)).toEqual([1, 2, 4])
    expect(quantize([-4, -3.4], 3)).toEqual([-4, -4])
  })

  it('has at most the levels asked for, keeps zero, and errs by at most one step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }),
        fc.integer({ min: 2, max: 256 }),
        (weights, levels) => {
          const quantized = quantize([...weights, 0], levels)
          expect(quantized.at(-1)).toBe(0)
          expect(new Set(quantized.map((w) => w + 0)).size).toBeLessThanOrEqual(levels)
          const step = (Math.max(...weights, 0) - Math.min(...weights, 0)) / (levels - 1)
          // Half a step of rounding, and half a step where the shift for zero makes it clip.
          weights.forEach((w, i) => expect(Math.abs(w - quantized[i]!)).toBeLessThanOrEqual(step + 1e-4))
        },
      ),
    )
  })

  it.each([1, 0, 2.5, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels)).toThrow(RangeError)
  })
})
