import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { regret, topCount, topMembership, topRecall } from './index.ts'

describe('the top 20 %', () => {
  it('is a fifth of the layers, rounded up', () => {
    expect([1, 4, 5, 6, 9, 10, 11, 20, 21].map(topCount)).toEqual([1, 1, 1, 2, 2, 2, 3, 4, 5])
  })

  it('shares the last places among those that tie for them', () => {
    expect(topMembership([9, 5, 5, 5, 1], 2)).toEqual([1, 1 / 3, 1 / 3, 1 / 3, 0])
    expect(topMembership([7, 7], 2)).toEqual([1, 1])
  })

  it('recall counts the layers found', () => {
    const truth = [0.9, 0.8, 0.1, 0.2, 0.3, 0.0]
    expect(topRecall(truth, [6, 1, 5, 4, 3, 2])).toBe(0.5)
    expect(topRecall(truth, [6, 5, 4, 3, 2, 1])).toBe(1)
    expect(topRecall(truth, [1, 2, 6, 5, 4, 3])).toBe(0)
    expect(topRecall(truth, [6, 5, 5, 3, 2, 1])).toBe(0.75)
  })

  it('regret is what the picked layers lack, a mean over the k protected ones', () => {
    const truth = [0.9, 0.8, 0.1, 0.2, 0.3, 0.0]
    expect(regret(truth, [6, 1, 5, 4, 3, 2])).toBeCloseTo((0.8 - 0.1) / 2, 12)
    expect(regret(truth, [6, 5, 4, 3, 2, 1])).toBe(0)
    expect(regret(truth, [6, 5, 5, 3, 2, 1])).toBeCloseTo((1.7 - (0.9 + (0.8 + 0.1) / 2)) / 2, 12)
  })

  it('constant scores pick at random', () => {
    const truth = [0.5, 0, 0, 0, 0]
    expect(topRecall(truth, [1, 1, 1, 1, 1])).toBeCloseTo(1 / 5, 12)
    expect(regret(truth, [1, 1, 1, 1, 1])).toBeCloseTo(0.5 - 0.1, 12)
  })
})

describe('for any vectors', () => {
  const vectors = fc
    .array(fc.tuple(fc.integer({ min: -5, max: 50 }), fc.integer({ min: 0, max: 6 })), { minLength: 1, maxLength: 40 })
    .map((rows) => ({ truth: rows.map(([x]) => x / 100), scores: rows.map(([, y]) => y) }))

  it('an expectation over ties is the mean over every way to break them', () => {
    const permutations = (items: number[]): number[][] =>
      items.length < 2
        ? [items]
        : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
    const orders = permutations([0, 1, 2, 3, 4, 5])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }), (scores) => {
        const truth = [0.6, 0.1, 0.3, 0.2, 0.5, 0.4]
        const broken = orders.map((order) => scores.map((score, i) => score + order[i]! / 10))
        const mean = (of: typeof regret): number =>
          broken.reduce((sum, untied) => sum + of(truth, untied), 0) / broken.length
        expect(topRecall(truth, scores)).toBeCloseTo(mean(topRecall), 10)
        expect(regret(truth, scores)).toBeCloseTo(mean(regret), 10)
      }),
      { numRuns: 20 },
    )
  })

  it('recall lies within [0, 1], regret is never negative, and the truth itself has none', () => {
    fc.assert(
      fc.property(vectors, ({ truth, scores }) => {
        expect(topRecall(truth, scores)).toBeGreaterThanOrEqual(0)
        expect(topRecall(truth, scores)).toBeLessThanOrEqual(1 + 1e-12)
        expect(regret(truth, scores)).toBeGreaterThanOrEqual(0)
        expect(regret(truth, truth)).toBe(0)
        expect(topMembership(scores, topCount(scores.length)).reduce((a, b) => a + b)).toBeCloseTo(
          topCount(scores.length),
          10,
        )
      }),
    )
  })
})
