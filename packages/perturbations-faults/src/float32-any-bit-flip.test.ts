import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float32AnyBitFlip } from './float32-any-bit-flip.ts'

const flip = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  float32AnyBitFlip.apply(tensor([weights.length], Float32Array.from(weights)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer)

describe('float32-any-bit-flip', () => {
  conformance(float32AnyBitFlip, it)

  it('inverts every bit where everything flips, NaN included', () => {
    // 1 is 0x3f800000; the inverse of 0 is a NaN.
    expect([...bitsOf(flip([1, 0], 1))]).toEqual([0xc07fffff, 0xffffffff])
    expect(float32AnyBitFlip.nonFinite).toBe(true)
  })

  it('flips each of the 32 bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const flipped = bitsOf(flip(new Float32Array(n), rate))
    for (let bit = 0; bit < 32; bit++) {
      const flips = flipped.reduce((count, word) => count + ((word >>> bit) & 1), 0)
      // Binomial: four standard deviations.
      expect(Math.abs(flips - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it('flips as many bits as a rate of a millionth should', () => {
    const flipped = bitsOf(flip(new Float32Array(1_000_000), 1e-6))
    const flips = flipped.reduce((count, word) => count + word.toString(2).replaceAll('0', '').length, 0)
    // Poisson of mean 32: four standard deviations.
    expect(Math.abs(flips - 32)).toBeLessThan(4 * Math.sqrt(32))
  })

  it.each([0.01, 0.3, 0.5, 0.9])('leaves as many bits between two flips at rate %d as independent ones do', (rate) => {
    const bits = [...bitsOf(flip(new Float32Array(4000), rate))].flatMap((word) =>
      Array.from({ length: 32 }, (_, bit) => (word >>> bit) & 1),
    )
    const flips = bits.flatMap((bit, place) => (bit ? [place] : []))
    const gaps = flips.slice(1).map((place, i) => place - flips[i]! - 1)
    const n = gaps.length
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / n
    // Geometric: mean q / p, variance q / p²; four standard errors.
    expect(Math.abs(mean - (1 - rate) / rate)).toBeLessThan((4 * Math.sqrt((1 - rate) / n)) / rate)
    for (const gap of [0, 1, 2, 3]) {
      const share = (1 - rate) ** gap * rate
      const found = gaps.filter((other) => other === gap).length / n
      expect(Math.abs(found - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / n))
    }
  })

  it('flips the same bits whatever the weights are', () => {
    const weights = fc.array(fc.float({ noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (values, rate, seed) => {
        const stored = bitsOf(Float32Array.from(values))
        const masks = bitsOf(flip(new Float32Array(values.length), rate, seed))
        expect(bitsOf(flip(values, rate, seed))).toEqual(stored.map((word, i) => word ^ masks[i]!))
      }),
    )
  })

  it('changes no bit at rate 0', () => {
    const weights = Float32Array.of(1.5, -0, 1e-40, -3e38)
    expect(equalBytes(flip(weights, 0), weights)).toBe(true)
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => flip([1], rate)).toThrow(RangeError)
  })
})
