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

  it('has at most the levels asked for, and errs by at most half a step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 127 }),
        (weights, half) => {
          const quantized = quantize(weights, 2 * half + 1)
          expect(new Set(quantized.map((w) => w + 0)).size).toBeLessThanOrEqual(2 * half + 1)
          const step = Math.max(...weights.map(Math.abs)) / half
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

  it('refuses even numbers of levels and fewer than three', () => {
    expect(() => quantize([1], 4)).toThrow(RangeError)
    expect(() => quantize([1], 1)).toThrow(RangeError)
  })
})
