import { equalBytes, rngFrom, tensor, type Layer, type Tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activationNoise } from './activation-noise.ts'

const noisy = (activation: Tensor, intensity: number, std: number, seed = 'a'): Float32Array =>
  activationNoise.apply(activation, intensity, {
    rng: rngFrom(seed),
    layer: {} as Layer,
    range: { low: -1, high: 1 },
    std,
  }).data

describe('activation-noise', () => {
  conformance(activationNoise, it)

  it('has mean 0 and standard deviation i · std of the calibration, not of the example', () => {
    const n = 100_000
    const noise = noisy(tensor([n], new Float32Array(n)), 0.5, 4)
    const mean = noise.reduce((sum, e) => sum + e, 0) / n
    const std = Math.sqrt(noise.reduce((sum, e) => sum + e * e, 0) / n)
    // σ = 0.5 · 4 = 2; bounds of four standard errors.
    expect(Math.abs(mean)).toBeLessThan((4 * 2) / Math.sqrt(n))
    expect(Math.abs(std - 2)).toBeLessThan((4 * 2) / Math.sqrt(2 * n))
  })

  it('adds exactly σ times the stream of normals', () => {
    const rng = rngFrom('exact')
    expect([...noisy(tensor([2, 1], [-1, 3]), 0.5, 4, 'exact')]).toEqual([
      Math.fround(-1 + 2 * rng.normal()),
      Math.fround(3 + 2 * rng.normal()),
    ])
  })

  it('leaves every bit where the output does not vary, or at intensity 0', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.constantFrom([0, 2.4], [3, 0]),
        (values, [std, intensity]) => {
          const activation = tensor([values.length], values)
          expect(equalBytes(noisy(activation, intensity, std), activation.data)).toBe(true)
        },
      ),
      { examples: [[[-0], [0, 2.4]]] },
    )
  })

  it.each([-1, NaN, Infinity])('refuses the intensity %d', (intensity) => {
    expect(() => noisy(tensor([1], [1]), intensity, 1)).toThrow(RangeError)
  })
})
