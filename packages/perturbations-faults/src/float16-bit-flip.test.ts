import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float16BitFlip } from './float16-bit-flip.ts'

const flip = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  float16BitFlip.apply(tensor([weights.length], Float32Array.from(weights)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

describe('float16-bit-flip', () => {
  conformance(float16BitFlip, it)

  it('is float16 storage where nothing flips: rounded to eleven significant bits, ties to even', () => {
    // Between 1 and 2, the step is 2⁻¹⁰.
    const step = 2 ** -10
    expect([...flip([1 + 0.49 * step, 1 + 0.5 * step, 1 + 1.5 * step, -1 - 0.51 * step], 0)]).toEqual([
      1,
      1,
      1 + 2 * step,
      -1 - step,
    ])
  })

  it('knows multiples of 2⁻²⁴ below 2⁻¹⁴, and nothing beyond 65504', () => {
    const step = 2 ** -24
    expect([...flip([3.4 * step, 0.5 * step, -1.5 * step, 1023.5 * step], 0)]).toEqual([
      3 * step,
      0,
      -2 * step,
      1024 * step,
    ])
    expect([...flip([65519, 65520, -1e9], 0)]).toEqual([65504, Infinity, -Infinity])
  })

  it('returns what float16 can hold unchanged at rate 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2047 }), fc.integer({ min: -24, max: 5 }), (significand, exponent) => {
        const w = significand * 2 ** exponent
        expect([...flip([w, -w], 0)]).toEqual([w, -w])
      }),
    )
  })

  it('inverts all bits but 14 where everything flips', () => {
    // 1 is 0x3c00, so 0x83ff: −1023 · 2⁻²⁴. 0 becomes 0xbfff, just above −2.
    expect([...flip([1, 0], 1)]).toEqual([-1023 * 2 ** -24, -2 + 2 ** -10])
  })

  it('flips each of the other 15 bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const flipped = flip(new Float32Array(n).fill(0), rate)
    // From 0, the value tells the bits: sign, exponent of 4 bits (bit 14 stays 0), significand of 10.
    const words = Array.from(flipped, (w) => {
      const magnitude = Math.abs(w)
      const exponent = magnitude < 2 ** -14 ? 0 : Math.floor(Math.log2(magnitude)) + 15
      const significand = exponent === 0 ? magnitude * 2 ** 24 : (magnitude / 2 ** (exponent - 15) - 1) * 1024
      return (Object.is(Math.sign(w), -0) || w < 0 ? 0x8000 : 0) + exponent * 1024 + significand
    })
    for (let bit = 0; bit < 16; bit++) {
      const flips = words.reduce((count, word) => count + ((word >>> bit) & 1), 0)
      // Binomial: four standard deviations.
      if (bit === 14) expect(flips).toBe(0)
      else expect(Math.abs(flips - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => flip([1], rate)).toThrow(RangeError)
  })
})
