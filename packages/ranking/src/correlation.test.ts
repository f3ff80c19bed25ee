import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { averageRanks, isConstant, kendallTauB, ndcg, quantile, spearman } from './index.ts'

const cases = <T>(name: string): T[] =>
  (
    JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8')) as {
      cases: T[]
    }
  ).cases

interface Vectors {
  name: string
  truth: number[]
  scores: number[]
  ranks: number[]
  spearman: number
  kendall: number
  ndcg: number
}

describe.each(cases<Vectors>('correlations'))('agrees with scipy and scikit-learn: $name', (expected) => {
  const { truth, scores } = expected
  it('ranks', () => expect(averageRanks(scores)).toEqual(expected.ranks))
  it("Spearman's ρ", () => expect(spearman(truth, scores)).toBeCloseTo(expected.spearman, 12))
  it("Kendall's τ-b", () => expect(kendallTauB(truth, scores)).toBeCloseTo(expected.kendall, 12))
  it('NDCG', () => expect(ndcg(truth, scores)).toBeCloseTo(expected.ndcg, 12))
})

it.each(cases<{ values: number[]; levels: number[]; quantiles: number[] }>('quantiles'))(
  'interpolates quantiles as numpy does: %#',
  ({ values, levels, quantiles }) => {
    levels.forEach((level, i) => expect(quantile(values, level)).toBeCloseTo(quantiles[i]!, 12))
  },
)

describe('known answers by hand', () => {
  it('averages the ranks of ties', () => {
    expect(averageRanks([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2])
    expect(averageRanks([])).toEqual([])
  })

  it('ρ of one swap among four is 1 − 6·2/60', () => {
    expect(spearman([1, 2, 3, 4], [1, 2, 4, 3])).toBeCloseTo(0.8, 12)
  })

  it('τ-b corrects for ties: 5 concordant pairs over √(6 · 5)', () => {
    expect(kendallTauB([1, 2, 3, 4], [1, 2, 3, 3])).toBeCloseTo(5 / Math.sqrt(30), 12)
  })

  it('NDCG discounts by log₂, and averages over ties', () => {
    const ideal = 3 + 1 / Math.log2(3)
    expect(ndcg([3, 1, -5], [1, 2, 3])).toBeCloseTo((1 / Math.log2(3) + 3 / 2) / ideal, 12)
    expect(ndcg([3, 1, -5], [1, 1, 0])).toBeCloseTo((2 * (1 + 1 / Math.log2(3))) / ideal, 12)
  })
})

describe('for any vectors', () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const vectors = fc
    .array(fc.tuple(value, value), { minLength: 1, maxLength: 40 })
    .map((rows) => ({ a: rows.map(([x]) => x), b: rows.map(([, y]) => y) }))

  it.each([
    ['spearman', spearman],
    ['kendallTauB', kendallTauB],
  ])('%s lies within [−1, 1], is symmetric, and changes sign with the order', (_, correlate) => {
    fc.assert(
      fc.property(vectors, ({ a, b }) => {
        const value = correlate(a, b)
        expect(Math.abs(value)).toBeLessThanOrEqual(1)
        expect(correlate(b, a)).toBeCloseTo(value, 12)
        expect(
          correlate(
            a,
            b.map((x) => -x),
          ),
        ).toBeCloseTo(-value, 12)
        expect(correlate(a, a)).toBeCloseTo(isConstant(a) ? 0 : 1, 12)
      }),
    )
  })

  it('only the order of the scores matters', () => {
    fc.assert(
      fc.property(vectors, ({ a, b }) => {
        const warped = averageRanks(b).map((rank) => Math.exp(rank / 10))
        expect(spearman(a, warped)).toBeCloseTo(spearman(a, b), 12)
        expect(kendallTauB(a, warped)).toBeCloseTo(kendallTauB(a, b), 12)
        const gains = a.map((x) => x % 1000)
        expect(ndcg(gains, warped)).toBeCloseTo(ndcg(gains, b), 12)
      }),
    )
  })

  it('NDCG lies within [0, 1] and is 1 for the truth itself where there is a gain', () => {
    fc.assert(
      fc.property(vectors, ({ a, b }) => {
        const gains = a.map((x) => x % 1000)
        expect(ndcg(gains, b)).toBeGreaterThanOrEqual(0)
        expect(ndcg(gains, b)).toBeLessThanOrEqual(1 + 1e-12)
        expect(ndcg(gains, gains)).toBeCloseTo(Math.max(...gains) > 0 ? 1 : 0, 12)
      }),
    )
  })
})
