import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float32BitFlip } from './float32-bit-flip.ts'

const flip = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  float32BitFlip.apply(tensor([weights.length], Float32Array.from(weights)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer)

describe('float32-bit-flip', () => {
  conformance(float32BitFlip, it)

  it('inverts all bits but 30 where everything flips', () => {
    // 1 is 0x3f800000, 0 is 0, −0.5 is 0xbf000000.
    expect([...bitsOf(flip([1, 0, -0.5], 1))]).toEqual([0x807fffff, 0xbfffffff, 0x00ffffff])
  })

  it('flips each of the other 31 bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const flipped = bitsOf(flip(new Float32Array(n), rate))
    for (let bit = 0; bit < 32; bit++) {
      const flips = flipped.reduce((count, word) => count + ((word >>> bit) & 1), 0)
      // Binomial: four standard deviations.
      if (bit === 30) expect(flips).toBe(0)
      else expect(Math.abs(flips - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it('keeps weights below 2 below 2', () => {
    const small = fc.float({ noNaN: true, min: -2, max: 2, minExcluded: true, maxExcluded: true })
    fc.assert(
      fc.property(fc.array(small, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (weights, rate) => {
        for (const w of flip(weights, rate)) expect(Math.abs(w)).toBeLessThan(2)
      }),
    )
  })

  it('may make a weight of 2 or more infinite or NaN', () => {
    expect(float32BitFlip.nonFinite).toBe(true)
    // 2 is 0x40000000: with all other bits set, the largest exponent and a significand.
    expect([...flip([2], 1)]).toEqual([NaN])
  })

  it('changes no bit at rate 0', () => {
    const weights = Float32Array.of(1.5, -0, 1e-40, -3e38)
    expect(equalBytes(flip(weights, 0), weights)).toBe(true)
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => flip([1], rate)).toThrow(RangeError)
  })
})
