import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitFlip } from './bit-flip.ts'

const flip = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  bitFlip.apply(tensor([weights.length], Float32Array.from(weights)), rate, { rng: rngFrom(seed), layer: {} as Layer })
    .data

describe('bit-flip', () => {
  conformance(bitFlip, it)

  it('is int8 storage where nothing flips', () => {
    // max|W| = 127, so the step is 1; a half is rounded away from zero.
    expect([...flip([127, -127, 0.4, 0.5, -2.5, 63.7], 0)]).toEqual([127, -127, 0, 1, -3, 64])
  })

  it('inverts every word where everything flips: q becomes −q − 1', () => {
    expect([...flip([127, -127, 0, 5], 1)]).toEqual([-128, 126, -1, -6])
  })

  it('flips each of the eight bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const words = Int8Array.from({ length: n }, (_, i) => (i % 255) - 127)
    const flipped = flip(words, rate)
    for (let bit = 0; bit < 8; bit++) {
      const flips = words.reduce((count, word, i) => count + (((word ^ flipped[i]!) >> bit) & 1), 0)
      // Binomial: four standard deviations.
      expect(Math.abs(flips - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it('returns words of int8 only, at any rate, and at rate 0 errs by half a step at most', () => {
    const weights = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (values, rate) => {
        const step = Math.max(...values.map(Math.abs)) / 127
        fc.pre(step > 1e-30)
        for (const w of flip(values, rate)) {
          const word = Math.round(w / step)
          expect(w).toBe(Math.fround(word * step))
          expect(word).toBeGreaterThanOrEqual(-128)
          expect(word).toBeLessThanOrEqual(127)
        }
        flip(values, 0).forEach((w, i) => expect(Math.abs(w - values[i]!)).toBeLessThanOrEqual(step * 0.5001))
      }),
    )
  })

  it('leaves zeros alone and refuses what is no probability', () => {
    expect([...flip([0, 0], 0.5)]).toEqual([0, 0])
    expect(() => flip([1], 1.1)).toThrow(RangeError)
  })
})
