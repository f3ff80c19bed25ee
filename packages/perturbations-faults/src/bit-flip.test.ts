import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
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

  it('leaves zeros alone and refuses what is no probability', () => {
    expect([...flip([0, 0], 0.5)]).toEqual([0, 0])
    expect(() => flip([1], 1.1)).toThrow(RangeError)
  })
})
