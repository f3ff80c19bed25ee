import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { multiplicativeNoise } from './multiplicative-noise.ts'

const layer = {} as Layer

describe('multiplicative-noise', () => {
  conformance(multiplicativeNoise, it)

  it('multiplies by factors of mean 1 and standard deviation i, whatever the weight', () => {
    const n = 100_000
    const weight = tensor(
      [n],
      Float32Array.from({ length: n }, (_, i) => (i % 2 ? 64 : -0.25)),
    )
    const noisy = multiplicativeNoise.apply(weight, 0.5, { rng: rngFrom('moments'), layer })
    for (const parity of [0, 1]) {
      const errors = [...noisy.data].flatMap((w, i) => (i % 2 === parity ? [w / weight.data[i]! - 1] : []))
      const mean = errors.reduce((sum, e) => sum + e, 0) / errors.length
      const std = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length)
      // Bounds of four standard errors.
      expect(Math.abs(mean)).toBeLessThan((4 * 0.5) / Math.sqrt(errors.length))
      expect(Math.abs(std - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(2 * errors.length))
    }
  })

  it('multiplies by exactly 1 + i times the stream of normals', () => {
    const rng = rngFrom('exact')
    const noisy = multiplicativeNoise.apply(tensor([2], [-1, 3]), 0.5, { rng: rngFrom('exact'), layer })
    expect([...noisy.data]).toEqual([Math.fround(-(1 + 0.5 * rng.normal())), Math.fround(3 * (1 + 0.5 * rng.normal()))])
  })

  it('leaves zeros at zero, and at intensity 0 every bit', () => {
    const weights = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 1 })
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 5, noNaN: true }), (values, intensity) => {
        const weight = tensor([values.length + 1], [0, ...values])
        const noisy = multiplicativeNoise.apply(weight, intensity, { rng: rngFrom('a'), layer })
        expect(Math.abs(noisy.data[0]!)).toBe(0)
        const untouched = multiplicativeNoise.apply(weight, 0, { rng: rngFrom('a'), layer })
        expect(equalBytes(untouched.data, weight.data)).toBe(true)
      }),
    )
  })

  it.each([-1, NaN, Infinity])('refuses the intensity %d', (intensity) => {
    expect(() => multiplicativeNoise.apply(tensor([1], [1]), intensity, { rng: rngFrom('a'), layer })).toThrow(
      RangeError,
    )
  })
})
