import { InputError, rngFrom } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { leaderboard, taskWeights, type Contestant, type LeaderboardRow, type Task } from './index.ts'

const truth = [0.4, 0.1, 0.3, 0.2, 0.0]
const right = [4, 1, 3, 2, 0]
const wrong = right.map((score) => -score)
const constant = [1, 1, 1, 1, 1]
const options = { seed: ['a test'], resamples: 200 }

function taskOf(
  [family, model, group, perturbation]: readonly [string, string, string, string],
  scores: Record<string, readonly (number | null)[]>,
  change: Partial<Task> = {},
): Task {
  return {
    family,
    model,
    group,
    perturbation,
    truth,
    ceiling: 1,
    counts: true,
    scores: new Map(Object.entries(scores)),
    ...change,
  }
}
const predictors = (...names: string[]): Contestant[] => names.map((name) => ({ name, track: 'predictor' }))
const rowOf = (rows: readonly LeaderboardRow[], name: string): LeaderboardRow =>
  rows.find(({ criterion }) => criterion === name)!

describe('aggregation', () => {
  it('weighs alike perturbations, groups, models and families, in this order', () => {
    const at = (family: string, model: string, group: string) => ({ family, model, group })
    const weights = taskWeights([
      at('resnet', 'a', 'noise-like'),
      at('resnet', 'a', 'noise-like'),
      at('resnet', 'a', 'pruning-like'),
      at('resnet', 'b', 'noise-like'),
      at('vgg', 'c', 'pruning-like'),
    ])
    expect(weights).toEqual([1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2])
  })

  it('is the mean of means, by hand', () => {
    const tasks = [
      taskOf(['resnet', 'a', 'noise-like', 'gaussian'], { c: right }),
      taskOf(['resnet', 'a', 'noise-like', 'bit-flip'], { c: wrong }),
      taskOf(['resnet', 'a', 'pruning-like', 'magnitude'], { c: right }),
      taskOf(['resnet', 'b', 'noise-like', 'gaussian'], { c: constant }),
      taskOf(['vgg', 'c', 'noise-like', 'gaussian'], { c: right }, { ceiling: 0.8 }),
    ]
    const [row] = leaderboard(tasks, predictors('c'), options).predictor
    // a: (0 + 1) / 2; resnet: (.5 + 0) / 2; over families: (.25 + 1.25) / 2.
    expect(row!.share).toBeCloseTo((0.25 + 1.25) / 2, 12)
    expect(row!.kendall).toBeCloseTo((0.25 + 1) / 2, 12)
    expect(row).toMatchObject({ tasks: 5, failures: 0, constants: 1, meanRank: 1 })
  })
})

describe('the table', () => {
  const at = ['f', 'm', 'g', 'p'] as const

  it('keeps predictors and probes apart, the best first', () => {
    const tasks = [taskOf(at, { bad: wrong, good: right, probe: [4, 1, 2, 3, 0] })]
    const { predictor, probe } = leaderboard(tasks, [...predictors('bad', 'good'), { name: 'probe', track: 'probe' }], {
      ...options,
    })
    expect(predictor.map(({ criterion, meanRank }) => [criterion, meanRank])).toEqual([
      ['good', 1],
      ['bad', 2],
    ])
    expect(probe.map(({ criterion, meanRank, track }) => [criterion, meanRank, track])).toEqual([['probe', 1, 'probe']])
  })

  it('gives a failure share 0 and the last rank, behind the worst order, and counts it', () => {
    const tasks = [taskOf(at, { bad: wrong, failed: [4, 1, null, 2, 0], same: constant })]
    const { predictor } = leaderboard(tasks, predictors('bad', 'failed', 'same', 'absent'), options)
    const ranks = Object.fromEntries(predictor.map(({ criterion, meanRank }) => [criterion, meanRank]))
    expect(ranks).toEqual({ same: 1, bad: 2, failed: 4, absent: 4 })
    expect(rowOf(predictor, 'failed')).toMatchObject({ share: 0, failures: 1, constants: 0, shareLow: 0, shareHigh: 0 })
    expect(rowOf(predictor, 'same')).toMatchObject({ share: 0, failures: 0, constants: 1 })
    expect(rowOf(predictor, 'bad')).toMatchObject({ share: -1, failures: 0 })
  })

  it('ties share a rank and keep their order', () => {
    const { predictor } = leaderboard([taskOf(at, { b: right, a: right })], predictors('b', 'a'), options)
    expect(predictor.map(({ criterion, meanRank }) => [criterion, meanRank])).toEqual([
      ['b', 1.5],
      ['a', 1.5],
    ])
  })

  it('ignores tasks that do not count; where none does, it says nothing but how many', () => {
    const greyed = taskOf(at, { c: wrong }, { counts: false })
    expect(leaderboard([greyed, taskOf(at, { c: right })], predictors('c'), options).predictor[0]).toMatchObject({
      share: 1,
      tasks: 1,
    })
    expect(leaderboard([greyed], predictors('c'), options).predictor).toEqual([
      {
        criterion: 'c',
        track: 'predictor',
        share: null,
        shareLow: null,
        shareHigh: null,
        kendall: null,
        recallTop20: null,
        ndcg: null,
        regret: null,
        meanRank: null,
        tasks: 0,
        failures: 0,
        constants: 0,
      },
    ])
    expect(leaderboard([], [], options)).toEqual({ predictor: [], probe: [] })
  })

  it('refuses a model whose tasks differ in their layers', () => {
    const short = taskOf(['f', 'm', 'g', 'q'], { c: [1, 2] }, { truth: [0.1, 0.2] })
    expect(() => leaderboard([taskOf(at, { c: right }), short], predictors('c'), options)).toThrow(InputError)
  })
})

describe('intervals', () => {
  const layers = 25
  const rng = rngFrom('leaderboard test')
  const noisy = (values: readonly number[], noise: number): number[] => values.map((x) => x + noise * rng.normal())
  const modelTasks = (family: string, model: string, noise: number): Task[] => {
    const base = Array.from({ length: layers }, () => rng.uniform())
    const scores = { good: noisy(base, noise), poor: noisy(base, 1) }
    return ['p', 'q'].map((perturbation) =>
      taskOf([family, model, perturbation, perturbation], scores, { truth: noisy(base, 0.05) }),
    )
  }
  const shareOf = (tasks: readonly Task[], name: string, criteria = ['good', 'poor'], seed = 'a'): LeaderboardRow =>
    rowOf(leaderboard(tasks, predictors(...criteria), { seed: [seed], resamples: 500 }).predictor, name)
  const width = ({ shareLow, shareHigh }: LeaderboardRow): number => shareHigh! - shareLow!

  it('hold the share and narrow with more models', () => {
    const few = modelTasks('f', 'm0', 0.3)
    const many = [...few, ...Array.from({ length: 8 }, (_, i) => modelTasks('f', `m${i + 1}`, 0.3)).flat()]
    for (const tasks of [few, many]) {
      const row = shareOf(tasks, 'good')
      expect(row.shareLow!).toBeLessThan(row.share!)
      expect(row.shareHigh!).toBeGreaterThan(row.share!)
    }
    expect(width(shareOf(many, 'good'))).toBeLessThan(0.6 * width(shareOf(few, 'good')))
  })

  it('widen with what differs between the models of a family', () => {
    const alike = [0, 1, 2, 3].flatMap((i) => modelTasks('f', `m${i}`, 0.3))
    const apart = [0.02, 0.02, 3, 3].flatMap((noise, i) => modelTasks('f', `m${i}`, noise))
    expect(width(shareOf(apart, 'good'))).toBeGreaterThan(1.5 * width(shareOf(alike, 'good')))
  })

  it('keep every family: where each has one model, layers alone vary', () => {
    const families = [0.02, 0.02, 3, 3].flatMap((noise, i) => modelTasks(`f${i}`, `m${i}`, noise))
    const pooled = families.map((task) => ({ ...task, family: 'one' }))
    expect(width(shareOf(families, 'good'))).toBeLessThan(width(shareOf(pooled, 'good')))
  })

  it('use the same resamples for all criteria', () => {
    const tasks = modelTasks('f', 'm', 0.3)
    expect(shareOf(tasks, 'good')).toMatchObject({ shareLow: shareOf(tasks, 'good', ['good']).shareLow })
    const twins = tasks.map((task) => ({
      ...task,
      scores: new Map([...task.scores, ['twin', task.scores.get('good')!]]),
    }))
    const { shareLow, shareHigh } = shareOf(twins, 'good', ['good', 'twin'])
    expect(shareOf(twins, 'twin', ['good', 'twin'])).toMatchObject({ shareLow, shareHigh })
    expect(shareOf(tasks, 'good', ['good'], 'b').shareLow).not.toBe(shareLow)
  })

  it('are absent where not asked for', () => {
    const [row] = leaderboard(modelTasks('f', 'm', 0.3), predictors('good'), { seed: [], resamples: 0 }).predictor
    expect(row).toMatchObject({ shareLow: null, shareHigh: null })
    expect(row!.share).not.toBeNull()
  })
})
