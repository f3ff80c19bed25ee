import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bounded, klDivergences, logSumExp } from './divergence.ts'
import { tensor } from './tensor.ts'

describe('klDivergences', () => {
  it('is what the definition gives: p = (½, ½), q = (¾, ¼)', () => {
    const clean = tensor([1, 2], [0, 0])
    const perturbed = tensor([1, 2], [Math.log(3), 0])
    const expected = 0.5 * Math.log(0.5 / 0.75) + 0.5 * Math.log(0.5 / 0.25)
    expect(klDivergences(clean, perturbed)[0]).toBeCloseTo(expected, 6)
    expect(bounded(expected)).toBeCloseTo(1 - Math.exp(-expected), 12)
  })

  it('is zero against itself, never negative, and blind to a shift of all logits', () => {
    const logit = fc.float({ min: -50, max: 50, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(logit, logit), { minLength: 2, maxLength: 10 }), (pairs) => {
        const a = tensor(
          [1, pairs.length],
          pairs.map(([x]) => x),
        )
        const b = tensor(
          [1, pairs.length],
          pairs.map(([, y]) => y),
        )
        expect(klDivergences(a, a)[0]).toBe(0)
        const divergence = klDivergences(a, b)[0]!
        expect(divergence).toBeGreaterThanOrEqual(0)
        const shifted = tensor(
          b.shape,
          b.data.map((y) => y + 8),
        )
        expect(bounded(klDivergences(a, shifted)[0]!)).toBeCloseTo(bounded(divergence), 3)
      }),
    )
  })

  it.each([NaN, Infinity])('is infinite, so bounded at 1, where a perturbed logit is %s', (bad) => {
    const divergence = klDivergences(tensor([2, 2], [1, 2, 1, 2]), tensor([2, 2], [bad, 2, 1, 2]))
    expect([...divergence]).toEqual([Infinity, 0])
    expect(bounded(Infinity)).toBe(1)
  })

  it('logSumExp does not overflow', () => {
    expect(logSumExp(Float32Array.of(1000, 1000), 0, 2)).toBeCloseTo(1000 + Math.log(2), 9)
  })
})
