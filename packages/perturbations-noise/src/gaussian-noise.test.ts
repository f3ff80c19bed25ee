import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussianNoise } from './gaussian-noise.ts'

const layer = {} as Layer

describe('gaussian-noise', () => {
  conformance(gaussianNoise, it)

  it('has the moments it promises: mean 0, standard deviation i · std(W)', () => {
    const n = 100_000
    // Half at −1 and half at 3: mean 1, population standard deviation 2.
    const weight = tensor(
      [n],
      Float32Array.from({ length: n }, (_, i) => (i % 2 ? 3 : -1)),
    )
    const noisy = gaussianNoise.apply(weight, 0.5, { rng: rngFrom('moments'), layer })
    const noise = noisy.data.map((w, i) => w - weight.data[i]!)
    const mean = noise.reduce((sum, e) => sum + e, 0) / n
    const std = Math.sqrt(noise.reduce((sum, e) => sum + e * e, 0) / n)
    // σ = 0.5 · 2 = 1; bounds of four standard errors.
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n))
    expect(Math.abs(std - 1)).toBeLessThan(4 / Math.sqrt(2 * n))
  })

  it('adds exactly σ times the stream of normals', () => {
    const rng = rngFrom('exact')
    const noisy = gaussianNoise.apply(tensor([2], [-1, 3]), 0.5, { rng: rngFrom('exact'), layer })
    expect([...noisy.data]).toEqual([Math.fround(-1 + rng.normal()), Math.fround(3 + rng.normal())])
  })

  it('leaves equal weights alone, whatever their mean is rounded to', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 500 }), (value, n) => {
        const weight = tensor([n], new Float32Array(n).fill(value))
        expect(gaussianNoise.apply(weight, 2.4, { rng: rngFrom('a'), layer }).data).toEqual(weight.data)
      }),
      { examples: [[-0, 3]] },
    )
  })

  it.each([-1, NaN, Infinity])('refuses the intensity %d', (intensity) => {
    expect(() => gaussianNoise.apply(tensor([1], [1]), intensity, { rng: rngFrom('a'), layer })).toThrow(RangeError)
  })
})
