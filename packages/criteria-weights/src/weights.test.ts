import {
  definePerturbation,
  perturb,
  rngFrom,
  scoreLayers,
  type ScoreOutcome,
  tensor,
  type AnyCriterion,
  type Layer,
  type Tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kurtosis } from './kurtosis.ts'
import { l1Norm } from './l1-norm.ts'
import { l2Norm } from './l2-norm.ts'
import { lampSum } from './lamp-sum.ts'
import { lamp } from './lamp.ts'
import { maxMagnitude } from './max-magnitude.ts'
import { meanMagnitude } from './mean-magnitude.ts'
import { sparsityAtThreshold } from './sparsity-at-threshold.ts'
import { sqnr } from './sqnr.ts'
import { weightError } from './weight-error.ts'

const named = (name: string): Layer => ({
  name,
  op: 'Gemm',
  nodes: [name],
  depth: 0,
  weightShape: [],
  outputAxis: 0,
  inputAxis: 1,
  groups: 1,
  parameters: 0,
  macs: 0,
  inputShape: [],
  outputShape: [],
})

const halving = definePerturbation({
  name: 'halving',
  family: 'reset',
  version: 1,
  summary: 'Multiplies the weights.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  target: 'weights',
  unit: 'factor',
  intensities: [0.1, 0.2, 0.3, 0.4, 0.5],
  stochastic: false,
  apply: ({ shape, data }, intensity) =>
    tensor(
      shape,
      data.map((w) => w * (1 - intensity)),
    ),
})

async function outcomeOf(
  criterion: AnyCriterion,
  values: readonly number[],
  options = {},
): Promise<ScoreOutcome | undefined> {
  const layer = named('only')
  const weight: Tensor = tensor([values.length], values)
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [layer],
      rng: rngFrom('test'),
      examples: 0,
      weights: { weights: () => weight },
      perturbation: {
        perturbation: halving,
        intensity: 0.5,
        perturbed: () => perturb(halving, weight, 0.5, { rng: rngFrom('test'), layer }),
        once: async (_, compute) => compute(rngFrom('test')),
      },
    },
    options,
  )
  return outcomes.get('only')
}

async function scoreOf(criterion: AnyCriterion, values: readonly number[], options = {}): Promise<number | undefined> {
  return (await outcomeOf(criterion, values, options))?.value
}

/** The score of a layer of one weight under a stochastic perturbation of which twelve draws make what is drawn, over and over. */
async function underDraws(
  criterion: AnyCriterion,
  drawn: readonly number[],
  original = 1,
): Promise<ScoreOutcome | undefined> {
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [named('only')],
      rng: rngFrom('test'),
      examples: 0,
      weights: { weights: () => tensor([1], [original]) },
      perturbation: {
        perturbation: { ...halving, stochastic: true },
        intensity: 0.5,
        perturbed: (_, draw = 0) => tensor([1], [drawn[draw % drawn.length]!]),
        once: async (_, compute) => compute(rngFrom('test')),
      },
    },
    { draws: 12 },
  )
  return outcomes.get('only')
}

describe('criteria of the weights', () => {
  const all = [
    l1Norm,
    l2Norm,
    meanMagnitude,
    maxMagnitude,
    kurtosis,
    sparsityAtThreshold,
    lamp,
    lampSum,
    weightError,
    sqnr,
  ]
  for (const criterion of all) conformance(criterion, it)

  it('norms of (3, −4)', async () => {
    expect(await scoreOf(l1Norm, [3, -4])).toBe(7)
    expect(await scoreOf(l2Norm, [3, -4])).toBe(5)
    expect(await scoreOf(meanMagnitude, [3, -4])).toBe(3.5)
    expect(await scoreOf(maxMagnitude, [3, -4])).toBe(4)
    expect(await scoreOf(maxMagnitude, [0, 0])).toBe(0)
    expect(await outcomeOf(maxMagnitude, [NaN, 1])).toEqual({ reason: 'gave NaN' })
  })

  it('kurtosis of (−1, 0, 0, 1): mean of fourth powers 1/2, over the squared variance 1/4; wherever the mean lies', async () => {
    expect(await scoreOf(kurtosis, [-1, 0, 0, 1])).toBeCloseTo(2, 12)
    expect(await scoreOf(kurtosis, [4, 5, 5, 6])).toBeCloseTo(2, 12)
    expect(await scoreOf(kurtosis, [-0.3, 0.3])).toBeCloseTo(1, 12)
  })

  it.each([
    ['zeros', [0, 0], 'all its weights are equal'],
    ['equal weights', [0.1, 0.1, 0.1], 'all its weights are equal'],
    ['one weight', [0.7], 'all its weights are equal'],
    ['a weight that is not finite', [1, Infinity], 'gave NaN'],
  ])('kurtosis of %s is a reason', async (_, values, reason) => {
    expect(await outcomeOf(kurtosis, values)).toEqual({ reason })
  })

  it.each([NaN, Infinity])('lamp of a weight that is %d is a reason', async (weight) => {
    expect(await outcomeOf(lamp, [1, weight, 2])).toEqual({ reason: 'gave NaN' })
  })

  it('sparsity-at-threshold is the share of weights above: of (−3, −1, 1, 3), of a deviation of √5, a half', async () => {
    expect(await scoreOf(sparsityAtThreshold, [-3, -1, 1, 3])).toBe(0.5)
    expect(await scoreOf(sparsityAtThreshold, [-3, -1, 1, 3], { quality: 0.4 })).toBe(1)
    expect(await scoreOf(sparsityAtThreshold, [-3, -1, 1, 3], { quality: 2 })).toBe(0)
    // The deviation is taken from the mean, 3, and is 1: the threshold is not.
    expect(await scoreOf(sparsityAtThreshold, [2, 4], { quality: 2 })).toBe(0.5)
  })

  it('sparsity-at-threshold of weights without a deviation: all are above, but for zeros; not finite is a reason', async () => {
    expect(await scoreOf(sparsityAtThreshold, [0.1, 0.1, 0.1])).toBe(1)
    expect(await scoreOf(sparsityAtThreshold, [0, 0])).toBe(0)
    expect(await outcomeOf(sparsityAtThreshold, [1, NaN])).toEqual({ reason: 'gave NaN' })
    await expect(scoreOf(sparsityAtThreshold, [1, 2], { quality: -1 })).rejects.toThrow('quality')
  })

  it('lamp of (1, −2, 3): mean of 1/14, 4/13, 9/9', async () => {
    expect(await scoreOf(lamp, [1, -2, 3])).toBeCloseTo((1 / 14 + 4 / 13 + 1) / 3, 12)
    // Equal weights: (1 + 1/2 + 1/3 + 1/4) / 4.
    expect(await scoreOf(lamp, [2, 2, -2, 2])).toBeCloseTo(25 / 48, 12)
    expect(await scoreOf(lamp, [0, 0])).toBe(0)
    // Four equal weights, one after the other: 1 + 1/2 + 1/3 + 1/4.
    expect(await scoreOf(lampSum, [2, 2, -2, 2])).toBeCloseTo(25 / 12, 12)
  })

  it('lamp agrees with numpy (tools/reference/plugins.py)', async () => {
    const path = new URL('../test/fixtures/lamp.json', import.meta.url)
    const { weights, mean } = JSON.parse(readFileSync(path, 'utf8')) as { weights: number[]; mean: number }
    expect(await scoreOf(lamp, weights)).toBeCloseTo(mean, 10)
  })

  it('weight-error of halving (3, −4): 2.5, half of the norm', async () => {
    expect(await scoreOf(weightError, [3, -4])).toBe(2.5)
    expect(await scoreOf(weightError, [3, -4], { relative: true })).toBe(0.5)
    expect(await scoreOf(weightError, [0, 0], { relative: true })).toBe(0)
  })

  it('weight-error averages the draws of a stochastic perturbation and says how far they spread', async () => {
    // Errors of 1, 2 and 3, four times each: a variance of 8/11. One layer has no spread to stop at.
    expect(await underDraws(weightError, [2, 3, 4])).toEqual({
      value: 2,
      standardError: Math.sqrt(8 / 11 / 12),
      capped: true,
    })
  })

  it('sqnr of halving: a quarter of the power is noise, −6.02 dB, the same at every size', async () => {
    expect(await scoreOf(sqnr, [3, -4])).toBeCloseTo(10 * Math.log10(1 / 4), 12)
    expect(await scoreOf(sqnr, [6, -8])).toBeCloseTo(10 * Math.log10(1 / 4), 12)
  })

  it('sqnr is higher where the perturbation moves more', async () => {
    const [little, much] = [(await underDraws(sqnr, [1.1]))!, (await underDraws(sqnr, [1.5]))!]
    expect(much.value).toBeGreaterThan(little.value!)
  })

  it('sqnr averages powers over draws, and carries their spread through the logarithm', async () => {
    // Noise of 1, 4 and 9, four times each: a mean of 14/3, squares of 392/3 around it.
    expect(await underDraws(sqnr, [2, 3, 4])).toEqual({
      value: expect.closeTo(10 * Math.log10(14 / 3), 12) as number,
      standardError: expect.closeTo(((10 / Math.LN10) * Math.sqrt(392 / 3 / 11 / 12)) / (14 / 3), 12) as number,
      capped: true,
    })
  })

  it('sqnr has a floor where nothing moves, zeros or not, and a reason where only noise is left', async () => {
    const floor = 10 * Math.log10(2 ** -48)
    expect(await scoreOf(sqnr, [0, 0])).toBeCloseTo(floor, 9)
    expect(await underDraws(sqnr, [1, 1])).toEqual({ value: expect.closeTo(floor, 9) as number, standardError: 0 })
    expect(await underDraws(sqnr, [0.1, 0.2], 0)).toEqual({ reason: 'its weights are all zero' })
    expect(await underDraws(sqnr, [1, NaN])).toEqual({ reason: 'gave NaN' })
  })
})
