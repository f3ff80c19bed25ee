import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { optimalQuantization } from './optimal-quantization.ts'
import { uniformQuantization } from './uniform-quantization.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const quantize = (weights: readonly number[], levels: number, quantization = optimalQuantization): number[] => [
  ...quantization.apply(tensor([weights.length], weights), levels, context).data,
]
const squaredError = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)

const weights = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 30 })

describe('optimal-quantization', () => {
  conformance(optimalQuantization, it)

  it('is sign(W) · mean|W| at two levels', () => {
    expect(quantize([1, -2, 0, 5], 2)).toEqual([2, -2, 2, 2])
  })

  it('is the best ternary at three levels', () => {
    // Keeping 5 alone explains 25, 5 and 4 explain 81 / 2, with a 1 only 100 / 3.
    expect(quantize([5, -4, 1], 3)).toEqual([4.5, -4.5, 0])
    // One large weight is worth losing the rest.
    expect(quantize([10, 1, -1], 3)).toEqual([10, 0, -0])
  })

  it('keeps what lies on its levels, whether or not zero is one of them', () => {
    expect(quantize([-3, -1, 1, 3], 4)).toEqual([-3, -1, 1, 3])
    expect(quantize([0, 1, -2, 3], 7)).toEqual([0, 1, -2, 3])
  })

  it('has an error at three levels that no choice of what is zero improves on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 }), (values) => {
        // The best scale for a subset is its mean magnitude, which explains (Σ|w|)² / k.
        const subsets = Array.from({ length: 2 ** values.length - 1 }, (_, mask) =>
          values.filter((_, i) => ((mask + 1) >> i) & 1),
        )
        const explained = Math.max(
          ...subsets.map((kept) => kept.reduce((sum, w) => sum + Math.abs(w), 0) ** 2 / kept.length),
        )
        const total = values.reduce((sum, w) => sum + w * w, 0)
        expect(squaredError(quantize(values, 3), values)).toBeCloseTo(total - explained, 3)
      }),
    )
  })

  it('never errs more than the levels up to the largest weight, or the same levels at another scale', () => {
    fc.assert(
      fc.property(
        weights,
        fc.integer({ min: 2, max: 40 }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        (values, levels, scale) => {
          const best = squaredError(quantize(values, levels), values)
          const bound = (error: number): number => error * (1 + 1e-4) + 1e-6
          if (levels % 2 === 1) {
            expect(best).toBeLessThanOrEqual(bound(squaredError(quantize(values, levels, uniformQuantization), values)))
          }
          const halfStep = (scale * Math.max(...values.map(Math.abs))) / (levels - 1)
          const grid = Array.from({ length: levels }, (_, i) => (2 * i - levels + 1) * halfStep)
          const other = values.map((w) => grid.reduce((a, b) => (Math.abs(w - b) < Math.abs(w - a) ? b : a)))
          expect(best).toBeLessThanOrEqual(bound(squaredError(other, values)))
        },
      ),
    )
  })

  it('has at most the levels asked for', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 2, max: 40 }), (values, levels) => {
        fc.pre(values.some((w) => Math.abs(w) > 1e-20))
        expect(new Set(quantize(values, levels).map((w) => w + 0)).size).toBeLessThanOrEqual(levels)
      }),
    )
  })

  it('leaves zeros alone and refuses what is no number of levels', () => {
    expect(quantize([0, 0], 2)).toEqual([0, 0])
    for (const levels of [1, 2.5, NaN]) expect(() => quantize([1], levels)).toThrow(RangeError)
  })
})
