import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stuckAtZero } from './stuck-at-zero.ts'

const stick = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  stuckAtZero.apply(tensor([weights.length], Float32Array.from(weights)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

describe('stuck-at-zero', () => {
  conformance(stuckAtZero, it)

  it('reads 0 alone where every bit is stuck', () => {
    expect([...stick([127, -127, 0, 5], 1)]).toEqual([0, 0, 0, 0])
  })

  it('sticks each of the eight bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const stuck = stick([127, ...new Array<number>(n).fill(-1)], rate).subarray(1)
    for (let bit = 0; bit < 8; bit++) {
      const count = stuck.reduce((sum, word) => sum + (((word ^ -1) >> bit) & 1), 0)
      // Binomial: four standard deviations.
      expect(Math.abs(count - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it('never sets a bit', () => {
    const stored = fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 1 })
    fc.assert(
      fc.property(stored, fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (words, rate, seed) => {
        const read = stick([...words, 127], rate, seed)
        words.forEach((word, i) => expect(read[i]! & ~word).toBe(0))
      }),
    )
  })

  it('is int8 storage where no bit is stuck, and leaves zeros alone', () => {
    expect([...stick([127, 0.4, 0.5, -2.5], 0)]).toEqual([127, 0, 1, -3])
    expect([...stick([0, 0], 0.5)]).toEqual([0, 0])
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => stick([1], rate)).toThrow(RangeError)
  })
})
