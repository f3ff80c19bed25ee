import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { magnitudePruning } from './magnitude-pruning.ts'

const context = { rng: rngFrom('unused'), layer: {} as Layer }
const prune = (weights: number[], fraction: number): number[] => [
  ...magnitudePruning.apply(tensor([weights.length], weights), fraction, context).data,
]

describe('magnitude-pruning', () => {
  conformance(magnitudePruning, it)

  it('takes the smallest magnitudes, the first among equals', () => {
    expect(prune([3, -1, 2, -4], 0.5)).toEqual([3, 0, 0, -4])
    expect(prune([1, -1, 1, -1], 0.5)).toEqual([0, 0, 1, -1])
    expect(prune([3, -1, 2, -4], 0)).toEqual([3, -1, 2, -4])
    expect(prune([3, -1, 2, -4], 1)).toEqual([0, 0, 0, 0])
  })

  it('orders equal magnitudes by their places, zeros of both signs included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-2, -1, -0, 0, 1, 2), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (weights, fraction) => {
          const order = [...weights.keys()].sort((a, b) => Math.abs(weights[a]!) - Math.abs(weights[b]!) || a - b)
          const expected = [...weights]
          for (const place of order.slice(0, Math.round(fraction * weights.length))) expected[place] = 0
          expect(prune(weights, fraction)).toEqual(expected)
        },
      ),
    )
  })

  it('reaches the sparsity asked for and keeps nothing smaller than what it took', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(1e-3), max: 1000 }), {
          minLength: 1,
        }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (weights, fraction) => {
          const pruned = prune(weights, fraction)
          const gone = weights.filter((_, i) => pruned[i] === 0)
          const kept = pruned.filter((w) => w !== 0)
          expect(gone).toHaveLength(Math.round(fraction * weights.length))
          expect(Math.max(0, ...gone)).toBeLessThanOrEqual(Math.min(Infinity, ...kept))
        },
      ),
    )
  })

  it('refuses what is no fraction', () => {
    expect(() => prune([1], 1.5)).toThrow(RangeError)
  })
})
