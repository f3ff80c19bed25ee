import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { singleBitFlip } from './single-bit-flip.ts'

const flip = (weights: ArrayLike<number>, bits: number, seed: string | number = 'a'): Float32Array =>
  singleBitFlip.apply(tensor([weights.length], Float32Array.from(weights)), bits, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

// max|W| = 127, so the step is 1 and a weight reads as its word.
const words = Int8Array.from({ length: 255 }, (_, i) => i - 127)
const differing = (flipped: Float32Array): number[] =>
  [...words].flatMap((word, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((word ^ flipped[i]!) >> bit) & 1).map((bit) => 8 * i + bit),
  )

describe('single-bit-flip', () => {
  conformance(singleBitFlip, it)

  it('flips exactly as many bits as asked for, at most all', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.string(), (bits, seed) => {
        expect(differing(flip(words, bits, seed))).toHaveLength(Math.min(bits, 8 * words.length))
      }),
    )
  })

  it('inverts every word where it flips all: q becomes −q − 1', () => {
    expect([...flip([127, -127, 0, 5], 32)]).toEqual([-128, 126, -1, -6])
  })

  it('finds each place of a word as often', () => {
    const counts = new Uint32Array(8)
    const n = 4000
    for (let seed = 0; seed < n; seed++) counts[differing(flip(words, 1, seed))[0]! % 8]!++
    // Binomial: four standard deviations.
    for (const count of counts) expect(Math.abs(count - n / 8)).toBeLessThan(4 * Math.sqrt(n * (1 / 8) * (7 / 8)))
  })

  it('is int8 storage where nothing flips, and leaves zeros alone', () => {
    expect([...flip([127, 0.4, 0.5, -2.5], 0)]).toEqual([127, 0, 1, -3])
    expect([...flip([0, 0], 3)]).toEqual([0, 0])
  })

  it.each([-1, 1.5, NaN, Infinity])('refuses %d bits', (bits) => {
    expect(() => flip([1], bits)).toThrow(RangeError)
  })
})
