import { type Range, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activationBitFlip } from './activation-bit-flip.ts'

const flip = (
  activation: ArrayLike<number>,
  rate: number,
  range: Range = { low: -127, high: 50 },
  seed = 'a',
): Float32Array =>
  activationBitFlip.apply(tensor([activation.length], Float32Array.from(activation)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
    range,
    std: 1,
  }).data

describe('activation-bit-flip', () => {
  conformance(activationBitFlip, it)

  it('is int8 storage on the calibrated scale where nothing flips, clipped to it', () => {
    expect([...flip([0.4, 0.5, -2.5, 300, -300], 0)]).toEqual([0, 1, -3, 127, -127])
    // The larger side counts: step 2.
    expect([...flip([3, -4], 0, { low: -1, high: 254 })]).toEqual([4, -4])
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

  it('returns words of int8 only, whatever the example holds', () => {
    const activations = fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 1 })
    fc.assert(
      fc.property(activations, fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (activation, rate, seed) => {
        for (const word of flip(activation, rate, { low: -127, high: 50 }, seed)) {
          expect(Number.isInteger(word) && word >= -128 && word <= 127).toBe(true)
        }
      }),
    )
  })

  it('knows only zero where calibration found nothing else', () => {
    expect([...flip([0, 3], 0.5, { low: 0, high: 0 })]).toEqual([0, 0])
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => flip([1], rate)).toThrow(RangeError)
  })
})
