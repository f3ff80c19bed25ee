import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bfloat16BitFlip } from './bfloat16-bit-flip.ts'

const flip = (weights: ArrayLike<number>, rate: number, seed = 'a'): Float32Array =>
  bfloat16BitFlip.apply(tensor([weights.length], Float32Array.from(weights)), rate, {
    rng: rngFrom(seed),
    layer: {} as Layer,
  }).data

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer)

describe('bfloat16-bit-flip', () => {
  conformance(bfloat16BitFlip, it)

  it('is bfloat16 storage where nothing flips: rounded to eight significant bits, ties to even', () => {
    // Between 1 and 2, the step is 2⁻⁷.
    const step = 2 ** -7
    expect([...flip([1 + 0.49 * step, 1 + 0.5 * step, 1 + 1.5 * step, -1 - 0.51 * step], 0)]).toEqual([
      1,
      1,
      1 + 2 * step,
      -1 - step,
    ])
  })

  it('errs by at most one part in 256 at rate 0', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: Math.fround(1e-30), max: Math.fround(1e30) }), (w) => {
        expect(Math.abs(flip([w], 0)[0]! - w)).toBeLessThanOrEqual(w / 256)
      }),
    )
  })

  it('inverts all bits but 14 where everything flips', () => {
    // 1 is 0x3f80, 0 is 0; the lower half of the float32 stays empty.
    expect([...bitsOf(flip([1, 0], 1))]).toEqual([0x807f0000, 0xbfff0000])
  })

  it('flips each of the other 15 bits at the rate asked for', () => {
    const n = 20_000
    const rate = 0.03
    const flipped = bitsOf(flip(new Float32Array(n), rate))
    for (let bit = 0; bit < 32; bit++) {
      const flips = flipped.reduce((count, word) => count + ((word >>> bit) & 1), 0)
      // Binomial: four standard deviations.
      if (bit < 16 || bit === 30) expect(flips).toBe(0)
      else expect(Math.abs(flips - n * rate)).toBeLessThan(4 * Math.sqrt(n * rate * (1 - rate)))
    }
  })

  it.each([-0.1, 1.1, NaN])('refuses the rate %d', (rate) => {
    expect(() => flip([1], rate)).toThrow(RangeError)
  })
})
