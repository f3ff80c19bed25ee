import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shuffleReset } from './shuffle-reset.ts'

const reset = (weights: readonly number[], alpha: number, seed: string | number = 'a'): number[] => [
  ...shuffleReset.apply(tensor([weights.length], weights), alpha, { rng: rngFrom(seed), layer: {} as Layer }).data,
]

describe('shuffle-reset', () => {
  conformance(shuffleReset, it)

  it('ends at the same weights in another order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.nat(),
        (weights, seed) => {
          const sorted = (values: readonly number[]): Float32Array => Float32Array.from(values).sort()
          expect(sorted(reset(weights, 1, seed))).toEqual(sorted(weights))
        },
      ),
    )
  })

  it('takes the order that the stream gives', () => {
    const weights = [3, 1, 4, 1, 5, 9, 2, 6]
    expect(reset(weights, 1)).toEqual(rngFrom('a').shuffle(weights))
  })

  it('goes the share α of the way to where it ends', () => {
    const weights = [1, 2, 4, 8]
    const end = reset(weights, 1)
    expect(reset(weights, 0.25)).toEqual(weights.map((w, i) => 0.75 * w + 0.25 * end[i]!))
  })

  it('draws each of the six orders of three weights alike', () => {
    const draws = 6000
    const orders = new Map<string, number>()
    for (let seed = 0; seed < draws; seed++) {
      const order = reset([1, 2, 3], 1, seed).join()
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect(orders.size).toBe(6)
    // Binomial with p = 1/6: four standard deviations.
    for (const count of orders.values())
      expect(Math.abs(count - draws / 6)).toBeLessThan(4 * Math.sqrt((draws * 5) / 36))
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => reset([1], alpha)).toThrow(RangeError)
  })
})
