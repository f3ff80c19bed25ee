import { type AnyCriterion, type Layer, rngFrom, scoreLayers, type ScoreOutcome, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionNumber } from './condition-number.ts'
import { effectiveRank } from './effective-rank.ts'
import { filterDistance } from './filter-distance.ts'
import { filterDistanceSum } from './filter-distance-sum.ts'
import { spectralNorm } from './spectral-norm.ts'
import { stableRank } from './stable-rank.ts'

type Laid = Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>

const dense = (...weightShape: number[]): Laid => ({ op: 'Gemm', weightShape, outputAxis: 0, inputAxis: 1, groups: 1 })
const convolution = (groups: number, ...weightShape: number[]): Laid => ({
  ...dense(...weightShape),
  op: 'Conv',
  groups,
})
const transposed = (groups: number, ...weightShape: number[]): Laid => ({
  ...{ op: 'ConvTranspose', weightShape, groups },
  ...{ outputAxis: 1, inputAxis: 0 },
})

async function outcomeOf(criterion: AnyCriterion, laid: Laid, values: readonly number[]): Promise<ScoreOutcome> {
  const layer = { name: 'only', ...laid } as Layer
  const weight = tensor(layer.weightShape, values)
  const host = { layers: [layer], rng: rngFrom('test'), examples: 0, weights: { weights: () => weight } }
  return (await scoreLayers(criterion, host)).get('only')!
}

async function scoreOf(criterion: AnyCriterion, laid: Laid, values: readonly number[]): Promise<number | undefined> {
  return (await outcomeOf(criterion, laid, values)).value
}

const spectral = [spectralNorm, stableRank, effectiveRank, conditionNumber]
const all = [...spectral, filterDistance, filterDistanceSum]

describe('criteria of the weights as a matrix', () => {
  for (const criterion of all) conformance(criterion, it)

  // (3, 0; 4, 5) times its transpose is (9, 12; 12, 41), of the eigenvalues 45 and 5: singular values 3√5 and √5.
  const known: [AnyCriterion, number][] = [
    [spectralNorm, Math.sqrt(45)],
    [stableRank, 50 / 45],
    // p = 3/4 and 1/4.
    [effectiveRank, 4 / 3 ** 0.75],
    [conditionNumber, 3],
    // Of (3, 0) and (4, 5): √26, twice, among four pairs.
    [filterDistance, Math.sqrt(26) / 2],
    [filterDistanceSum, 2 * Math.sqrt(26)],
  ]

  it.each(known.map(([criterion, score]) => [criterion.name, criterion, score] as const))(
    '%s of (3, 0; 4, 5), whatever the operator keeps it as',
    async (_, criterion, score) => {
      expect(await scoreOf(criterion, dense(2, 2), [3, 0, 4, 5])).toBeCloseTo(score, 6)
      expect(await scoreOf(criterion, convolution(1, 2, 1, 1, 2), [3, 0, 4, 5])).toBeCloseTo(score, 6)
      expect(await scoreOf(criterion, convolution(1, 2, 1, 2), [3, 0, 4, 5])).toBeCloseTo(score, 6)
      // As [inputs, outputs].
      const turned: Laid = { ...dense(2, 2), op: 'MatMul', outputAxis: 1, inputAxis: 0 }
      expect(await scoreOf(criterion, turned, [3, 4, 0, 5])).toBeCloseTo(score, 6)
      expect(await scoreOf(criterion, transposed(1, 2, 2, 1), [3, 4, 0, 5])).toBeCloseTo(score, 6)
    },
  )

  it('of a grouped convolution are those of its block-diagonal matrix', async () => {
    // Groups (3, 0; 4, 5) and (1, 0; 0, 2): singular values 3√5, √5, 2 and 1.
    const weight = [3, 0, 4, 5, 1, 0, 0, 2]
    const blocks = [3, 0, 0, 0, 4, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2]
    // [inputs, outputs of a group, kernel]: each group turned.
    const turned = [3, 4, 0, 5, 1, 0, 0, 2]
    const stack: Laid = { op: 'MatMul', weightShape: [2, 2, 2], outputAxis: 2, inputAxis: 1, groups: 1 }
    for (const criterion of spectral) {
      const whole = (await scoreOf(criterion, dense(4, 4), blocks))!
      expect(await scoreOf(criterion, convolution(2, 4, 2, 1, 1), weight)).toBeCloseTo(whole, 6)
      expect(await scoreOf(criterion, transposed(2, 4, 2, 1), turned)).toBeCloseTo(whole, 6)
      expect(await scoreOf(criterion, stack, turned)).toBeCloseTo(whole, 6)
    }
    expect(await scoreOf(conditionNumber, convolution(2, 4, 2, 1, 1), weight)).toBeCloseTo(Math.sqrt(45), 6)
  })

  it('of a depthwise convolution are those of the norms of its filters', async () => {
    const [laid, weight] = [convolution(2, 2, 1, 2, 1), [3, 4, 0, 10]]
    expect(await scoreOf(spectralNorm, laid, weight)).toBe(10)
    expect(await scoreOf(stableRank, laid, weight)).toBe(1.25)
    expect(await scoreOf(effectiveRank, laid, weight)).toBeCloseTo(3 / 2 ** (2 / 3), 12)
    expect(await scoreOf(conditionNumber, laid, weight)).toBe(2)
    expect(await scoreOf(filterDistanceSum, laid, weight)).toBeCloseTo(2 * Math.sqrt(45), 12)
  })

  it('of one filter: its norm, ranks and condition of 1, no distance', async () => {
    const scores = all.map((criterion) => scoreOf(criterion, convolution(1, 1, 1, 1, 2), [3, -4]))
    expect(await Promise.all(scores)).toEqual([5, 1, 1, 1, 0, 0])
  })

  it.each([dense(2, 3), convolution(2, 2, 1, 3), dense(1, 6)])('of zeros: 0 ($op, $weightShape)', async (laid) => {
    const scores = all.map((criterion) => scoreOf(criterion, laid, [0, 0, 0, 0, 0, 0]))
    expect(await Promise.all(scores)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('of less than full rank: the condition number that 32 bits can tell, and ranks of what is there', async () => {
    expect(await scoreOf(conditionNumber, dense(2, 2), [1, 0, 0, 0])).toBe(2 ** 23)
    expect(await scoreOf(conditionNumber, dense(2, 2), [1, 2, 2, 4])).toBe(2 ** 23)
    expect(await scoreOf(stableRank, dense(2, 2), [1, 2, 2, 4])).toBeCloseTo(1, 12)
    expect(await scoreOf(effectiveRank, dense(2, 2), [1, 0, 0, 0])).toBe(1)
  })

  it.each([NaN, Infinity])('of a weight of %s: a reason', async (bad) => {
    for (const criterion of all) {
      for (const laid of [dense(2, 2), convolution(2, 2, 2)]) {
        const { reason } = await outcomeOf(criterion, laid, [bad, 1, 2, 3])
        expect(reason, criterion.name).toMatch(/^gave (NaN|Infinity)$/)
      }
    }
  })

  it('hold their bounds, and scale with the weights as they should', async () => {
    const matrix = fc
      .record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 6 }) })
      .chain(({ rows, columns }) =>
        fc.record({
          laid: fc.constant(dense(rows, columns)),
          // Small whole numbers, so that matrices of less than full rank are among them.
          values: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: rows * columns, maxLength: rows * columns }),
        }),
      )
      .filter(({ values }) => values.some((value) => value !== 0))
    await fc.assert(
      fc.asyncProperty(matrix, async ({ laid, values }) => {
        const of = async (criterion: AnyCriterion, factor = 1): Promise<number> =>
          (await scoreOf(
            criterion,
            laid,
            values.map((value) => factor * value),
          ))!
        const most = Math.min(...laid.weightShape) * (1 + 1e-9)
        const [norm, stable, effective, condition] = await Promise.all(spectral.map((criterion) => of(criterion)))
        const frobenius = Math.hypot(...values)
        expect(norm! ** 2 * stable!).toBeCloseTo(frobenius ** 2, 9)
        expect(stable).toBeGreaterThan(1 - 1e-9)
        expect(effective).toBeGreaterThan(stable! - 1e-9)
        expect(effective).toBeLessThan(most)
        expect(condition).toBeGreaterThanOrEqual(1)
        expect(condition).toBeLessThanOrEqual(2 ** 23)
        expect(await of(spectralNorm, 4)).toBeCloseTo(4 * norm!, 9)
        expect(await of(effectiveRank, 4)).toBeCloseTo(effective!, 9)
        expect(await of(filterDistance, 4)).toBeCloseTo(4 * (await of(filterDistance)), 9)
      }),
    )
  })
})
