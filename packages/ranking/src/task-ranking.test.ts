import { InputError } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankScores, rankTask, spearman, type Task } from './index.ts'

const truth = [0.4, 0.1, 0.3, 0.2, 0.0]

const taskOf = (scores: Record<string, readonly (number | null)[]>, change: Partial<Task> = {}): Task => ({
  model: 'm',
  family: 'f',
  perturbation: 'p',
  group: 'g',
  truth,
  ceiling: 0.95,
  counts: true,
  scores: new Map(Object.entries(scores)),
  ...change,
})

describe('a criterion on a task', () => {
  it('that orders the layers as the truth does reaches more than its noisy ceiling', () => {
    expect(rankScores({ truth, ceiling: 0.95 }, [40, 10, 30, 20, 0])).toEqual({
      spearman: 1,
      share: 1 / 0.95,
      kendall: 1,
      recallTop20: 1,
      ndcg: 1,
      regret: 0,
      constant: false,
      failedLayers: 0,
    })
  })

  it('that knows nothing gets ρ = 0 and a flag', () => {
    const ranking = rankScores({ truth, ceiling: 0.95 }, [3, 3, 3, 3, 3])
    expect(ranking).toMatchObject({
      spearman: 0,
      share: 0,
      kendall: 0,
      recallTop20: 0.2,
      constant: true,
      failedLayers: 0,
    })
    expect(ranking.regret).toBeCloseTo(0.4 - 0.2, 12)
  })

  it.each([
    ['NaN', [4, 1, NaN, 2, 0], 1],
    ['an infinity', [Infinity, 1, 3, 2, -Infinity], 2],
    ['nothing for a layer', [4, null, 3, 2, 0], 1],
    ['nothing at all', undefined, 5],
  ])('that gave %s failed: judged as if it knew nothing, and counted', (_, scores, failedLayers) => {
    const ranking = rankScores({ truth, ceiling: 0.95 }, scores)
    expect(ranking).toMatchObject({
      spearman: 0,
      share: 0,
      kendall: 0,
      recallTop20: 0.2,
      constant: false,
      failedLayers,
    })
    expect(ranking.reason).toBe(`no score for ${failedLayers} of 5 layers`)
  })

  it('is judged on the layers that were measured alone', () => {
    const partly = [0.4, null, 0.3, 0.2, null]
    expect(rankScores({ truth: partly, ceiling: 1 }, [3, null, 2, 1, 99])).toMatchObject({
      spearman: 1,
      failedLayers: 0,
    })
  })

  it('has no share where the ceiling is unknown, and nothing where no layer was measured', () => {
    expect(rankScores({ truth, ceiling: null }, truth)).toMatchObject({ spearman: 1, share: null })
    expect(rankScores({ truth: [null, null], ceiling: null }, [1, 2])).toMatchObject({
      spearman: null,
      share: null,
      ndcg: null,
      reason: 'no layer was measured at every live intensity',
    })
  })

  it('must score as many layers as there are truths, and truths are finite', () => {
    expect(() => rankScores({ truth, ceiling: 1 }, [1, 2])).toThrow(InputError)
    expect(() => rankScores({ truth: [NaN, 1], ceiling: 1 }, [1, 2])).toThrow(/truth of a layer is not a finite number/)
  })

  it('does not depend on the order of the layers, nor on the unit of the scores', () => {
    const layer = fc.record({
      truth: fc.integer({ min: -2, max: 30 }).map((points) => points / 100),
      score: fc.option(fc.integer({ min: -4, max: 4 }), { freq: 20 }),
    })
    const shuffled = fc
      .array(layer, { minLength: 1, maxLength: 30 })
      .chain((layers) => fc.tuple(fc.constant(layers), fc.shuffledSubarray(layers, { minLength: layers.length })))
    fc.assert(
      fc.property(shuffled, ([layers, moved]) => {
        const rank = (rows: typeof layers): Record<string, unknown> => ({
          ...rankScores(
            { truth: rows.map((row) => row.truth), ceiling: 0.9 },
            rows.map((row) => row.score),
          ),
        })
        const expected = rank(layers)
        const warped = layers.map((row) => ({ ...row, score: row.score === null ? null : Math.exp(row.score) }))
        for (const other of [rank(moved), rank(warped)]) {
          for (const [name, value] of Object.entries(other)) {
            if (typeof value === 'number') expect(value).toBeCloseTo(expected[name] as number, 10)
            else expect(value).toBe(expected[name])
          }
        }
      }),
    )
  })
})

describe('the interval of a share', () => {
  const layers = Array.from({ length: 30 }, (_, layer) => layer)
  const scores = {
    near: layers.map((layer) => layer + 9 * Math.sin(7 * layer)),
    far: layers.map((layer) => Math.sin(5 * layer)),
    constant: layers.map(() => 1),
    failed: layers.map((layer) => (layer === 3 ? null : layer)),
  }
  const task = taskOf(scores, { truth: layers.map((layer) => layer / 100) })
  const rank = (seed: string, criteria = ['near', 'far', 'constant', 'failed', 'absent']) =>
    rankTask(task, criteria, { seed: [seed], resamples: 400 })

  it('holds the share, and is narrower where the order is clearer', () => {
    const [near, far] = [rank('a').get('near')!, rank('a').get('far')!]
    for (const { share, shareLow, shareHigh } of [near, far]) {
      expect(shareLow!).toBeLessThan(share!)
      expect(shareHigh!).toBeGreaterThan(share!)
    }
    expect(near.shareHigh! - near.shareLow!).toBeLessThan(far.shareHigh! - far.shareLow!)
  })

  it('is about two standard errors of ρ wide', () => {
    // For independent rankings the standard error of ρ is 1 / √(n − 1).
    const { shareLow, shareHigh } = rank('a').get('far')!
    const width = ((shareHigh! - shareLow!) * 0.95) / 2
    expect(width).toBeGreaterThan((1.6 / Math.sqrt(29)) * 0.75)
    expect(width).toBeLessThan((2.4 / Math.sqrt(29)) * 1.25)
  })

  it('is [0, 0] for constant scores and for a failure', () => {
    for (const name of ['constant', 'failed', 'absent']) {
      expect(rank('a').get(name)).toMatchObject({ share: 0, shareLow: 0, shareHigh: 0 })
    }
  })

  it('is the same for the same seed, whoever else takes part', () => {
    expect(rank('a', ['near'])).toEqual(new Map([['near', rank('a').get('near')]]))
    expect(rank('b').get('near')).not.toEqual(rank('a').get('near'))
  })

  it('is absent where it is not asked for, or the ceiling is unknown', () => {
    const none = { shareLow: null, shareHigh: null }
    expect(rankTask(task, ['near'], { seed: [], resamples: 0 }).get('near')).toMatchObject(none)
    expect(rankTask({ ...task, ceiling: null }, ['near'], { seed: [] }).get('near')).toMatchObject(none)
  })
})

it('a resample has the ρ of the repeated layers', async () => {
  const { resampledSpearman } = await import('./resampling.ts')
  const value = fc.integer({ min: 0, max: 4 })
  const layers = fc.array(fc.tuple(value, value, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(layers, (rows) => {
      const [truth, scores, counts] = [0, 1, 2].map((i) => rows.map((row) => row[i]!)) as [number[], number[], number[]]
      const repeated = (values: number[]): number[] => values.flatMap((x, i) => new Array<number>(counts[i]!).fill(x))
      let rho = NaN
      resampledSpearman(truth, [scores])(Float64Array.from(counts), (_, value) => (rho = value))
      expect(rho).toBeCloseTo(spearman(repeated(truth), repeated(scores)), 10)
    }),
  )
})
