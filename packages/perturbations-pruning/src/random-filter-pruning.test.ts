import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { randomFilterPruning } from './random-filter-pruning.ts'

const prune = (
  weights: readonly number[],
  fraction: number,
  axes: Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>,
  seed: string | number = 'a',
): Float32Array =>
  randomFilterPruning.apply(tensor(axes.weightShape, weights), fraction, { rng: rngFrom(seed), layer: axes as Layer })
    .data

const columns = { op: 'MatMul', weightShape: [2, 5], outputAxis: 1, inputAxis: 0, groups: 1 } as const

describe('random-filter-pruning', () => {
  conformance(randomFilterPruning, it)

  it('draws each of the ten pairs among five output channels alike, and prunes them whole', () => {
    const draws = 5000
    const pairs = new Map<string, number>()
    for (let seed = 0; seed < draws; seed++) {
      const pruned = [...prune([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], 0.4, columns, seed)]
      expect(pruned.slice(0, 5)).toEqual(pruned.slice(5))
      const pair = pruned.slice(0, 5).join()
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
    expect(pairs.size).toBe(10)
    // Binomial with p = 0.1: four standard deviations.
    for (const count of pairs.values())
      expect(Math.abs(count - draws / 10)).toBeLessThan(4 * Math.sqrt(draws * 0.1 * 0.9))
  })

  it('takes everything at 1 and changes no bit where the fraction rounds to no channel', () => {
    const weights = [1, -0, 3, 4, 5, -1, -2, -3, -4, -5]
    expect(prune(weights, 1, columns)).toEqual(new Float32Array(10))
    expect(equalBytes(prune(weights, 0.09, columns), Float32Array.from(weights))).toBe(true)
  })

  it.each([-0.1, 1.1, NaN])('refuses the fraction %d', (fraction) => {
    expect(() => prune(new Array<number>(10).fill(1), fraction, columns)).toThrow(RangeError)
  })
})
