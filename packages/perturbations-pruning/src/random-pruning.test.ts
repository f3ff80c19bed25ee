import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomPruning } from './random-pruning.ts'

const prune = (weights: readonly number[], fraction: number, seed: string | number = 'a'): Float32Array =>
  randomPruning.apply(tensor([weights.length], weights), fraction, { rng: rngFrom(seed), layer: {} as Layer }).data

describe('random-pruning', () => {
  conformance(randomPruning, it)

  it('takes everything at 1 and changes no bit at 0', () => {
    expect([...prune([3, -1, 2], 1)]).toEqual([0, 0, 0])
    expect(equalBytes(prune([3, -1, -0], 0), Float32Array.of(3, -1, -0))).toBe(true)
  })

  it('takes exactly round(f · n) weights and leaves the others alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: Math.fround(0.001), max: 1000 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (weights, fraction, seed) => {
          const pruned = prune(weights, fraction, seed)
          expect(pruned.filter((w) => w === 0)).toHaveLength(Math.round(fraction * weights.length))
          pruned.forEach((w, i) => expect(w === 0 || w === weights[i]).toBe(true))
        },
      ),
    )
  })

  it('draws each of the ten pairs among five weights alike', () => {
    const draws = 5000
    const pairs = new Map<string, number>()
    for (let seed = 0; seed < draws; seed++) {
      const pair = [...prune([1, 1, 1, 1, 1], 0.4, seed)].join()
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
    expect(pairs.size).toBe(10)
    // Binomial with p = 0.1: four standard deviations.
    for (const count of pairs.values())
      expect(Math.abs(count - draws / 10)).toBeLessThan(4 * Math.sqrt(draws * 0.1 * 0.9))
  })

  it.each([-0.1, 1.1, NaN])('refuses the fraction %d', (fraction) => {
    expect(() => prune([1], fraction)).toThrow(RangeError)
  })
})
