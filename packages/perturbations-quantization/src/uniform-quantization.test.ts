import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { uniformQuantization } from './uniform-quantization.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const quantize = (weights: readonly number[], levels: number): number[] => [
  ...uniformQuantization.apply(tensor([weights.length], weights), levels, context).data,
]

interface Fixture {
  readonly weights: readonly number[]
  readonly cases: readonly { readonly levels: number; readonly quantized: readonly number[] }[]
}

describe('uniform-quantization', () => {
  conformance(uniformQuantization, it)

  it('rounds to the nearest level, a half away from zero', () => {
    // Five levels over [−4, 4]: step 2.
    expect(quantize([4, -4, 0.9, 1, -1, 2.9, 3.1], 5)).toEqual([4, -4, 0, 2, -2, 2, 4])
    expect(quantize([4, -1.9, 2.1], 3)).toEqual([4, -0, 4])
  })

  it('has one level more below zero than above where their number is even', () => {
    // Four levels over [−3, 3]: step 2, levels −4, −2, 0, 2; 3 and −3 lie half-way to the next, and 4 is none.
    expect(quantize([3, -3, 2.9, -2.9, 1, -1, 0.9, 0], 4)).toEqual([2, -4, 2, -2, 2, -2, 0, 0])
  })

  it('has at most the levels asked for, and errs by at most half a step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }),
        fc.integer({ min: 3, max: 256 }),
        (weights, levels) => {
          const quantized = quantize(weights, levels)
          expect(new Set(quantized.map((w) => w + 0)).size).toBeLessThanOrEqual(levels)
          const step = (2 * Math.max(...weights.map(Math.abs))) / (levels - 1)
          quantized.forEach((w, i) => expect(Math.abs(w - weights[i]!)).toBeLessThanOrEqual(step / 2 + 1e-4))
        },
      ),
    )
  })

  it('agrees with numpy (tools/reference/plugins.py)', () => {
    const path = new URL('../test/fixtures/uniform-quantization.json', import.meta.url)
    const { weights, cases } = JSON.parse(readFileSync(path, 'utf8')) as Fixture
    for (const { levels, quantized } of cases) {
      quantize(weights, levels).forEach((w, i) => expect(w).toBeCloseTo(quantized[i]!, 6))
    }
  })

  it.each([2, 1, 3.5, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels)).toThrow(RangeError)
  })
})
