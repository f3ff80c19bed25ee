import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { powerOfTwoQuantization } from './power-of-two-quantization.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const quantize = (weights: readonly number[], levels: number): number[] => [
  ...powerOfTwoQuantization.apply(tensor([weights.length], weights), levels, context).data,
]

describe('power-of-two-quantization', () => {
  conformance(powerOfTwoQuantization, it)

  it('rounds to the nearest kept power, half-way away from zero', () => {
    // ±4, ±2 and 0: half-way points 3 and 1.
    expect(quantize([5, -5, 3, -2.9, 1, 0.9, 0], 5)).toEqual([4, -4, 4, -2, 2, 0, 0])
  })

  it('starts from the power nearest to the largest weight', () => {
    expect(quantize([5.9], 3)).toEqual([4])
    expect(quantize([6], 3)).toEqual([8])
    // 0.75 / 64 = 0.0117…
    expect(quantize([0.0117], 3)).toEqual([1 / 128])
    expect(quantize([-0.0118], 3)).toEqual([-1 / 64])
  })

  it('leaves zeros alone', () => {
    expect(quantize([0, 0], 9)).toEqual([0, 0])
  })

  it('errs by at most a third of a weight that is not below the smallest power', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 10 }),
        (weights, exponents) => {
          const largest = Math.max(...weights.map(Math.abs))
          fc.pre(largest > 1e-30)
          const top = 2 ** Math.floor(Math.log2((4 * largest) / 3))
          const quantized = quantize(weights, 2 * exponents + 1)
          for (const w of quantized) expect(w === 0 || Number.isInteger(Math.log2(Math.abs(w)))).toBe(true)
          quantized.forEach((w, i) => {
            const original = weights[i]!
            const relative = Math.abs(w - original) / Math.abs(original)
            if (Math.abs(original) >= top / 2 ** (exponents - 1)) expect(relative).toBeLessThanOrEqual(1 / 3 + 1e-7)
            else expect(Math.abs(w)).toBeLessThanOrEqual(top / 2 ** (exponents - 1))
          })
        },
      ),
    )
  })

  it.each([4, 1, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels)).toThrow(RangeError)
  })
})
