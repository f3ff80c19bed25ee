import { type AnyCriterion, type Layer, rngFrom, scoreLayers, tensor, type Tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { fisherPruning } from './fisher-pruning.ts'
import { gradientActivation } from './gradient-activation.ts'

/** Two examples of two maps of two places. The products add up to 3 and 1, and to −4 and −2. */
const maps = {
  shape: [2, 1],
  made: [1, 2, 3, -1, 0, 1, 2, 2],
  gradient: [1, 1, 1, 2, 5, -4, 1, -2],
}

/** The same with the maps along the last axis. */
const features = {
  shape: [2],
  made: [1, 3, 2, -1, 0, 2, 1, 2],
  gradient: [1, 1, 1, 2, 5, 1, -4, -2],
}

async function scoreOf(
  criterion: AnyCriterion,
  op: 'Conv' | 'MatMul',
  { shape, made, gradient }: typeof maps,
  options = {},
): Promise<number | undefined> {
  const of = (values: readonly number[], count: number): { input: Tensor; output: Tensor } => ({
    input: tensor([0], []),
    output: tensor([count, 2, ...shape], values.slice(0, 4 * count)),
  })
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [{ name: 'only', op, weightShape: [2, 2], outputAxis: 1 } as unknown as Layer],
      rng: rngFrom('test'),
      examples: 2,
      labels: { labels: new Int32Array(2) },
      activations: {
        async *activations({ examples = 2 } = {}) {
          yield new Map([['only', of(made, Math.min(examples, 2))]])
        },
      },
      gradients: {
        gradients: unasked,
        exampleGradients: unasked,
        outputGradients: unasked,
        outputMultipliers: unasked,
        flowGradients: unasked,
        async *activationGradients({ examples = 2 } = {}) {
          const count = Math.min(examples, 2)
          yield { examples: count, gradients: new Map([['only', of(gradient, count)]]) }
        },
      },
    },
    options,
  )
  return outcomes.get('only')?.value
}

describe('criteria of gradient times activation', () => {
  for (const criterion of [fisherPruning, gradientActivation]) conformance(criterion, it)

  it.each([
    ['Conv', maps],
    ['MatMul', features],
  ] as const)('take the maps of a %s where they are', async (op, its) => {
    // (3² + 1² + 4² + 2²) / 2 / 2, and (3 + 1 + 4 + 2) / 2 / 2.
    expect(await scoreOf(fisherPruning, op, its)).toBe(7.5)
    expect(await scoreOf(gradientActivation, op, its)).toBe(2.5)
  })

  it('take the first examples alone', async () => {
    expect(await scoreOf(fisherPruning, 'Conv', maps, { examples: 1 })).toBe(5)
    expect(await scoreOf(gradientActivation, 'Conv', maps, { examples: 1 })).toBe(2)
  })

  it('are 0 where nothing comes out, and no score where it is no number', async () => {
    for (const criterion of [fisherPruning, gradientActivation]) {
      expect(await scoreOf(criterion, 'Conv', { ...maps, made: Array<number>(8).fill(0) })).toBe(0)
      expect(await scoreOf(criterion, 'Conv', { ...maps, made: [NaN, ...maps.made.slice(1)] })).toBe(undefined)
    }
  })
})
