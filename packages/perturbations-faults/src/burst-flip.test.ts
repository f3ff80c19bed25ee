import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { burstFlip } from './burst-flip.ts'

const flip = (weights: ArrayLike<number>, length: number, seed: string | number = 'a'): Float32Array =>
  burstFlip.apply(tensor([weights.length], Float32Array.from(weights)), length, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

// max|W| = 127, so the step is 1 and a weight reads as its word.
const words = [127, 0, -127, 5, 64]
const differing = (flipped: Float32Array): number[] =>
  words.flatMap((word, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((word ^ flipped[i]!) >> bit) & 1).map((bit) => 8 * i + bit),
  )

describe('burst-flip', () => {
  conformance(burstFlip, it)

  it('inverts consecutive bits, as many as asked for and at most all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.string(), (length, seed) => {
        const places = differing(flip(words, length, seed))
        expect(places).toEqual(Array.from({ length: Math.min(length, 40) }, (_, i) => places[0]! + i))
      }),
    )
  })

  it('starts everywhere as often', () => {
    const starts = new Uint32Array(38)
    const n = 8000
    for (let seed = 0; seed < n; seed++) starts[differing(flip(words, 3, seed))[0]!]!++
    // 40 − 3 + 1 starts; binomial, four standard deviations.
    for (const count of starts) expect(Math.abs(count - n / 38)).toBeLessThan(4 * Math.sqrt(n / 38))
  })

  it('inverts every word where it is as long as the layer: q becomes −q − 1', () => {
    expect([...flip([127, -127, 0, 5], 32)]).toEqual([-128, 126, -1, -6])
  })

  it('is int8 storage at length 0, and leaves zeros alone', () => {
    expect([...flip([127, 0.4, 0.5, -2.5], 0)]).toEqual([127, 0, 1, -3])
    expect([...flip([0, 0], 9)]).toEqual([0, 0])
  })

  it.each([-1, 1.5, NaN, Infinity])('refuses the length %d', (length) => {
    expect(() => flip([1], length)).toThrow(RangeError)
  })
})
