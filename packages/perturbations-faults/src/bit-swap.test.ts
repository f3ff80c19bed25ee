import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitSwap } from './bit-swap.ts'

const swap = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  bitSwap.apply(tensor([weights.length], Float32Array.from(weights)), rate, { rng: rngFrom(seed), layer: {} as Layer })
    .data

const ones = (word: number): number => (word & 0xff).toString(2).replaceAll('0', '').length

describe('bit-swap', () => {
  conformance(bitSwap, it)

  it('keeps the number of ones in a word, and changes two bits or none', () => {
    const stored = fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 1 })
    fc.assert(
      fc.property(stored, fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (words, rate, seed) => {
        const swapped = swap([...words, 127], rate, seed)
        words.forEach((word, i) => {
          expect(ones(swapped[i]!)).toBe(ones(word))
          expect([0, 2]).toContain(ones(swapped[i]! ^ word))
        })
      }),
    )
  })

  it('exchanges every pair of places as often', () => {
    // The only one of the word 1 moves to each other place with probability p · 2 / (8 · 7), and stays otherwise.
    const n = 40_000
    const rate = 0.5
    const swapped = swap([127, ...new Array<number>(n).fill(1)], rate).subarray(1)
    for (let bit = 1; bit < 8; bit++) {
      const share = rate / 28
      const count = swapped.reduce((sum, word) => sum + ((word >> bit) & 1), 0)
      // Binomial: four standard deviations.
      expect(Math.abs(count - n * share)).toBeLessThan(4 * Math.sqrt(n * share * (1 - share)))
    }
  })

  it('changes nothing in words of equal bits, and is int8 storage at rate 0', () => {
    expect([...swap([0, -1, 0, -1, 127], 1).subarray(0, 4)]).toEqual([0, -1, 0, -1])
    expect([...swap([127, 0.4, 0.5, -2.5], 0)]).toEqual([127, 0, 1, -3])
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => swap([1], rate)).toThrow(RangeError)
  })
})
