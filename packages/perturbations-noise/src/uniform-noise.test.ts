import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uniformNoise } from './uniform-noise.ts'

const layer = {} as Layer

describe('uniform-noise', () => {
  conformance(uniformNoise, it)

  it('is flat over ±√3 σ, so that its standard deviation is σ = i · std(W)', () => {
    const n = 100_000
    // Half at −1 and half at 3: population standard deviation 2, so σ = 0.5 · 2 = 1.
    const weight = tensor(
      [n],
      Float32Array.from({ length: n }, (_, i) => (i % 2 ? 3 : -1)),
    )
    const noisy = uniformNoise.apply(weight, 0.5, { rng: rngFrom('moments'), layer })
    const noise = noisy.data.map((w, i) => w - weight.data[i]!)
    // Ten bins of equal width: each binomial with p = 0.1; bounds of four standard errors.
    const bins = new Array<number>(10).fill(0)
    for (const e of noise) bins[Math.floor(((e / Math.sqrt(3) + 1) / 2) * 10)]!++
    for (const count of bins) expect(Math.abs(count - n / 10)).toBeLessThan(4 * Math.sqrt(n * 0.1 * 0.9))
    const std = Math.sqrt(noise.reduce((sum, e) => sum + e * e, 0) / n)
    // The variance of e² is E e⁴ − 1 = 9/5 − 1.
    expect(Math.abs(std - 1)).toBeLessThan((4 * Math.sqrt(0.8 / n)) / 2)
  })

  it('adds exactly √3 σ times the stream of uniforms, moved to −1 … 1', () => {
    const rng = rngFrom('exact')
    const noisy = uniformNoise.apply(tensor([2], [-1, 3]), 0.5, { rng: rngFrom('exact'), layer })
    const noise = [rng.uniform(), rng.uniform()].map((u) => Math.sqrt(3) * (2 * u - 1))
    expect([...noisy.data]).toEqual([Math.fround(-1 + noise[0]!), Math.fround(3 + noise[1]!)])
  })

  it('moves no weight further than √3 σ', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -10, max: 10 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (weights, intensity) => {
          const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length
          const std = Math.sqrt(weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / weights.length)
          const noisy = uniformNoise.apply(tensor([weights.length], weights), intensity, { rng: rngFrom('a'), layer })
          noisy.data.forEach((w, i) =>
            expect(Math.abs(w - weights[i]!)).toBeLessThanOrEqual(Math.sqrt(3) * intensity * std + 1e-5),
          )
        },
      ),
    )
  })

  it('leaves weights as they are, to the bit, where they are equal or the intensity is 0', () => {
    for (const [weights, intensity] of [
      [[-0, -0], 1],
      [[-0, 2], 0],
    ] as const) {
      const weight = tensor([2], weights)
      expect(equalBytes(uniformNoise.apply(weight, intensity, { rng: rngFrom('a'), layer }).data, weight.data)).toBe(
        true,
      )
    }
  })

  it.each([-1, NaN, Infinity])('refuses the intensity %d', (intensity) => {
    expect(() => uniformNoise.apply(tensor([1], [1]), intensity, { rng: rngFrom('a'), layer })).toThrow(RangeError)
  })
})
