import {
  definePerturbation,
  perturb,
  rngFrom,
  scoreLayers,
  tensor,
  type AnyCriterion,
  type Layer,
  type Tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { l1Norm } from './l1-norm.ts'
import { l2Norm } from './l2-norm.ts'
import { lamp } from './lamp.ts'
import { meanMagnitude } from './mean-magnitude.ts'
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

async function scoreOf(criterion: AnyCriterion, values: readonly number[], options = {}): Promise<number | undefined> {
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
      },
    },
    options,
  )
  return outcomes.get('only')?.value
}

describe('criteria of the weights', () => {
  for (const criterion of [l1Norm, l2Norm, meanMagnitude, lamp, weightError]) conformance(criterion, it)

  it('norms of (3, −4)', async () => {
    expect(await scoreOf(l1Norm, [3, -4])).toBe(7)
    expect(await scoreOf(l2Norm, [3, -4])).toBe(5)
    expect(await scoreOf(meanMagnitude, [3, -4])).toBe(3.5)
  })

  it('lamp of (1, −2, 3): mean of 1/14, 4/13, 9/9', async () => {
    expect(await scoreOf(lamp, [1, -2, 3])).toBeCloseTo((1 / 14 + 4 / 13 + 1) / 3, 12)
    // Equal weights: (1 + 1/2 + 1/3 + 1/4) / 4.
    expect(await scoreOf(lamp, [2, 2, -2, 2])).toBeCloseTo(25 / 48, 12)
    expect(await scoreOf(lamp, [0, 0])).toBe(0)
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
    const layer = named('only')
    const outcomes = await scoreLayers(
      weightError,
      {
        layers: [layer],
        rng: rngFrom('test'),
        examples: 0,
        weights: { weights: () => tensor([1], [1]) },
        perturbation: {
          perturbation: { ...halving, stochastic: true },
          intensity: 0.5,
          perturbed: (_, draw = 0) => tensor([1], [1 + [1, 2, 3][draw]!]),
        },
      },
      { draws: 3 },
    )
    expect(outcomes.get('only')).toEqual({ value: 2, standardError: Math.sqrt(1 / 3) })
  })
})
