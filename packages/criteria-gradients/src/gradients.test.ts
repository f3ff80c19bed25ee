import { type AnyCriterion, type Layer, rngFrom, scoreLayers, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { fisherMean } from './fisher-mean.ts'
import { fisher } from './fisher.ts'
import { gradientNorm } from './gradient-norm.ts'
import { graspMean } from './grasp-mean.ts'
import { grasp } from './grasp.ts'
import { logitGradientNorm } from './logit-gradient-norm.ts'
import { snipMean } from './snip-mean.ts'
import { snip } from './snip.ts'
import { taylorFilters } from './taylor-filters.ts'
import { taylorMean } from './taylor-mean.ts'
import { taylor } from './taylor.ts'

const dense = (weightShape: readonly [number, number]): Layer =>
  ({ name: 'only', op: 'Gemm', weightShape, outputAxis: 0, inputAxis: 1, groups: 1 }) as unknown as Layer

/**
 * Two weights, and the gradient of each of three examples; in batches of two and one. The logit's is twice the loss's, the Hessian
 * [[2, 1], [1, 3]], and ten times that of one example alone.
 */
async function scoreOf(
  criterion: AnyCriterion,
  values: readonly [number, number],
  gradients: readonly (readonly [number, number])[],
  options = {},
  layer = dense([1, 2]),
): Promise<number | undefined> {
  const of = (data: readonly number[]) => new Map([['only', tensor([2], data)]])
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  const first = (count = gradients.length) => gradients.slice(0, count)
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [layer],
      rng: rngFrom('test'),
      examples: gradients.length,
      weights: { weights: () => tensor([2], values) },
      labels: { labels: new Int32Array(gradients.length) },
      gradients: {
        async *gradients({ examples } = {}) {
          for (let start = 0; start < first(examples).length; start += 2) {
            const batch = first(examples).slice(start, start + 2)
            const mean = [0, 1].map((i) => batch.reduce((sum, its) => sum + its[i]!, 0) / batch.length)
            yield { examples: batch.length, gradients: of(mean) }
          }
        },
        async *exampleGradients({ examples, objective } = {}) {
          for (const its of first(examples)) yield of(its.map((value) => (objective === 'true-logit' ? 2 : 1) * value))
        },
        activationGradients: unasked,
        outputGradients: unasked,
        outputMultipliers: unasked,
        flowGradients: unasked,
      },
      hessian: {
        signs: unasked,
        async hessianProduct(direction, examples) {
          const [a, b] = direction.get('only')!.data as unknown as [number, number]
          return of([2 * a + b, a + 3 * b].map((value) => (examples === 1 ? 10 : 1) * value))
        },
      },
    },
    options,
  )
  return outcomes.get('only')?.value
}

const drawn = [
  [1, 2],
  [-1, 0],
  [3, -4],
] as const

const sums = [fisher, gradientNorm, grasp, logitGradientNorm, snip, taylor, taylorFilters]
const means = [fisherMean, graspMean, snipMean, taylorMean]

describe('criteria of gradients', () => {
  for (const criterion of [...sums, ...means]) {
    conformance(criterion, it)
  }

  it('fisher is the mean over examples of the squares of their own gradients: (5 + 1 + 25) / 3', async () => {
    expect(await scoreOf(fisher, [3, -4], drawn)).toBeCloseTo(31 / 3, 12)
    expect(await scoreOf(fisher, [3, -4], drawn, { examples: 2 })).toBe(3)
  })

  it('snip takes the mean gradient of all examples, (1, −2/3), before the magnitude: 3 · 1 + 4 · 2/3', async () => {
    expect(await scoreOf(snip, [3, -4], drawn)).toBeCloseTo(3 + 8 / 3, 6)
    // Of the first two the mean is (0, 1).
    expect(await scoreOf(snip, [3, -4], drawn, { examples: 2 })).toBe(4)
  })

  it('gradient-norm is the length of the mean gradient, (1, −2/3)', async () => {
    expect(await scoreOf(gradientNorm, [3, -4], drawn)).toBeCloseTo(Math.sqrt(13) / 3, 6)
  })

  it("logit-gradient-norm is the root of the mean square of the logit's own gradients: √(4 · 31 / 3)", async () => {
    expect(await scoreOf(logitGradientNorm, [3, -4], drawn)).toBeCloseTo(Math.sqrt(124 / 3), 6)
    expect(await scoreOf(logitGradientNorm, [3, -4], drawn, { examples: 2 })).toBeCloseTo(Math.sqrt(12), 6)
  })

  it('taylor squares weight by weight: 3² + (8/3)²; taylor-filters adds up a filter first: (3 + 8/3)²', async () => {
    expect(await scoreOf(taylor, [3, -4], drawn)).toBeCloseTo(145 / 9, 5)
    expect(await scoreOf(taylorFilters, [3, -4], drawn)).toBeCloseTo((17 / 3) ** 2, 5)
    // Two filters of one weight each.
    expect(await scoreOf(taylorFilters, [3, -4], drawn, {}, dense([2, 1]))).toBeCloseTo(145 / 9, 5)
    // Two matrices in a stack have filters of their own, also where these make the same channel.
    const stack = { ...dense([1, 1]), op: 'MatMul', weightShape: [2, 1, 1], outputAxis: 2, inputAxis: 1 } as const
    expect(await scoreOf(taylorFilters, [3, -4], drawn, {}, stack)).toBeCloseTo(145 / 9, 5)
  })

  it('grasp is weight times Hessian times mean gradient: 3 · 4/3 + 4 · 1, and keeps its sign', async () => {
    expect(await scoreOf(grasp, [3, -4], drawn)).toBeCloseTo(8, 5)
    expect(await scoreOf(grasp, [-3, 4], drawn)).toBeCloseTo(-8, 5)
    // Of the first example, whose gradient is (1, 2): 3 · 10 · 4 − 4 · 10 · 7.
    expect(await scoreOf(grasp, [3, -4], drawn, { examples: 1 })).toBeCloseTo(-160, 4)
  })

  it('fisher-mean, grasp-mean, snip-mean and taylor-mean are half of the sums over two weights', async () => {
    expect(await scoreOf(fisherMean, [3, -4], drawn)).toBeCloseTo(31 / 6, 12)
    expect(await scoreOf(graspMean, [-3, 4], drawn)).toBeCloseTo(-4, 5)
    expect(await scoreOf(snipMean, [3, -4], drawn, { examples: 2 })).toBe(2)
    expect(await scoreOf(taylorMean, [3, -4], drawn)).toBeCloseTo(145 / 18, 5)
  })

  it('those that weigh gradients by weights are 0 of weights of zero, and all are 0 of gradients of zero', async () => {
    for (const criterion of [grasp, snip, taylor, taylorFilters]) {
      expect(Math.abs((await scoreOf(criterion, [0, 0], drawn))!)).toBe(0)
    }
    for (const criterion of [...sums, ...means]) {
      expect(Math.abs((await scoreOf(criterion, [3, -4], [[0, 0]]))!)).toBe(0)
    }
  })

  it('give no score where a gradient is not a number', async () => {
    for (const criterion of [...sums, ...means]) {
      expect(await scoreOf(criterion, [3, -4], [[NaN, 1]])).toBe(undefined)
    }
  })
})
