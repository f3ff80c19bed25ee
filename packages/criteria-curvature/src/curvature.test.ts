import {
  type AnyCriterion,
  definePerturbation,
  type HostContext,
  type Layer,
  randomSigns,
  rngFrom,
  type Score,
  scoreLayers,
  type ScoreOutcome,
  tensor,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { fisherError } from './fisher-error.ts'
import { fit } from './fit.ts'
import { hawqV2 } from './hawq-v2.ts'
import { hutchinsonTraceMean } from './hutchinson-trace-mean.ts'
import { hutchinsonTrace } from './hutchinson-trace.ts'
import { obdDiagonalMean } from './obd-diagonal-mean.ts'
import { obdDiagonal } from './obd-diagonal.ts'
import { obdError } from './obd-error.ts'
import { topEigenvalue } from './top-eigenvalue.ts'

const layers = ['a', 'b'].map((name) => ({ name, weightShape: [2], parameters: 2 }) as unknown as Layer)
const weights = new Map([
  ['a', tensor([2], [3, -4])],
  ['b', tensor([2], [1, 2])],
])

/** Of each of three examples, the gradient with respect to the weights of a and b. */
const gradients = [
  [1, 2, 0, 1],
  [-1, 0, 0, 1],
  [3, -4, 0, -1],
]

/** Takes a share of the weights, the second draw and every other after it three times as much. */
const shrinking = definePerturbation({
  name: 'shrinking',
  family: 'reset',
  version: 1,
  summary: 'Takes a share of the weights.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  target: 'weights',
  unit: 'share',
  intensities: [0.1, 0.2, 0.3, 0.4, 0.5],
  stochastic: false,
  apply: (weight) => weight,
})

const diagonal = [
  [2, 0, 0, 0],
  [0, 3, 0, 0],
  [0, 0, -1, 0],
  [0, 0, 0, 4],
]

interface Small {
  /** Over the two weights of a, then the two of b. */
  readonly hessian?: readonly (readonly number[])[]
  readonly stochastic?: boolean
  readonly seed?: string
}

const byName = (values: readonly number[]): Map<string, Tensor> =>
  new Map(layers.map(({ name }, l) => [name, tensor([2], values.slice(2 * l, 2 * l + 2))]))

function unasked(): never {
  throw new Error('not asked for')
}

/** A host with the two layers and what it was asked for: directions of products, and passes over the examples. */
function small({ hessian = diagonal, stochastic = false, seed = 'test' }: Small = {}) {
  const directions: TensorsByLayer[] = []
  /** Examples that products were of. */
  const asked: (number | undefined)[] = []
  const passes = { count: 0 }
  const remembered = new Map<string, unknown>()
  const at = (intensity: number): HostContext => ({
    layers,
    rng: rngFrom(seed),
    examples: gradients.length,
    weights: { weights: ({ name }) => weights.get(name)! },
    labels: { labels: new Int32Array(gradients.length) },
    hessian: {
      signs: (draw) => randomSigns(layers, rngFrom(seed, 'signs', draw)),
      hessianProduct: async (direction, examples) => {
        directions.push(direction)
        asked.push(examples)
        const v = layers.flatMap(({ name }) => [...(direction.get(name)?.data ?? [0, 0])])
        return byName(hessian.map((row) => row.reduce((sum, value, i) => sum + value * v[i]!, 0)))
      },
    },
    gradients: {
      gradients: unasked,
      activationGradients: unasked,
      outputGradients: unasked,
      outputMultipliers: unasked,
      flowGradients: unasked,
      async *exampleGradients({ examples } = {}) {
        passes.count++
        for (const its of gradients.slice(0, examples)) yield byName(its)
      },
    },
    perturbation: {
      perturbation: { ...shrinking, stochastic },
      intensity,
      perturbed: ({ name }, draw = 0) => {
        const { shape, data } = weights.get(name)!
        const share = intensity * (stochastic && draw % 2 === 1 ? 3 : 1)
        return tensor(
          shape,
          data.map((w) => w * (1 - share)),
        )
      },
      once: async (key, compute) => {
        if (!remembered.has(key)) remembered.set(key, compute(rngFrom(seed, key)))
        return remembered.get(key) as ReturnType<typeof compute>
      },
    },
  })
  return { at, directions, asked, passes }
}

async function scored(criterion: AnyCriterion, its: Small = {}, options = {}) {
  const { at, directions, asked } = small(its)
  const outcomes = await scoreLayers(criterion, at(0.5), options)
  return { outcomes, directions, asked, values: layers.map(({ name }) => outcomes.get(name)!.value) }
}

function estimateOf(outcomes: ReadonlyMap<string, ScoreOutcome>, name: string): Required<Omit<Score, 'capped'>> {
  const outcome = outcomes.get(name)!
  if (outcome.value === undefined) throw new Error(outcome.reason)
  return { value: outcome.value, standardError: outcome.standardError ?? NaN }
}

const aware = [hawqV2, fit, fisherError, obdError]

for (const criterion of [hutchinsonTrace, hutchinsonTraceMean, topEigenvalue, obdDiagonal, obdDiagonalMean, ...aware])
  conformance(criterion, it)

describe('hutchinson-trace', () => {
  it('is exact where the Hessian is diagonal, whatever the signs, and stops at nine draws', async () => {
    const { outcomes, directions } = await scored(hutchinsonTrace)
    expect([...outcomes.values()]).toEqual([
      { value: 5, standardError: 0 },
      { value: 3, standardError: 0 },
    ])
    expect(directions).toHaveLength(9)
    const signs = directions.flatMap((direction) => [...direction.values()].flatMap(({ data }) => [...data]))
    expect(new Set(signs)).toEqual(new Set([-1, 1]))
  })

  it('draws until its standard error is small beside the spread of layers, or the most are drawn', async () => {
    // Off the diagonal 2 in a: every draw of a is 5 + 4 or 5 − 4; the layers lie 2 apart.
    const hessian = diagonal.map((row, i) => row.map((value, j) => value + (i + j === 1 ? 2 : 0)))
    const { outcomes, directions } = await scored(hutchinsonTrace, { hessian }, { draws: 10_000, precision: 0.05 })
    const [a, b] = [estimateOf(outcomes, 'a'), estimateOf(outcomes, 'b')]
    expect(directions.length).toBeGreaterThan(1000)
    expect(directions.length).toBeLessThan(10_000)
    // The error of draws of 1 or 9 is 4 / √m.
    expect(a.standardError).toBeCloseTo(4 / Math.sqrt(directions.length), 3)
    expect(a.standardError).toBeLessThanOrEqual((0.05 * Math.abs(a.value - b.value)) / Math.SQRT2)
    expect(Math.abs(a.value - 5)).toBeLessThan(4 * a.standardError)
    const few = await scored(hutchinsonTrace, { hessian }, { draws: 9 })
    expect(few.directions).toHaveLength(9)
    for (const outcome of few.outcomes.values()) expect(outcome).toMatchObject({ capped: true })
  })

  it('takes no part of a layer for that of another: what couples them averages out', async () => {
    const hessian = [
      [2, 0, 1, 0.5],
      [0, 3, 0.25, 2],
      [1, 0.25, -1, 0],
      [0.5, 2, 0, 4],
    ]
    const { outcomes } = await scored(hutchinsonTrace, { hessian }, { draws: 4000, precision: 1e-6 })
    for (const [name, trace] of [
      ['a', 5],
      ['b', 3],
    ] as const) {
      const { value, standardError } = estimateOf(outcomes, name)
      expect(standardError).toBeGreaterThan(0)
      expect(Math.abs(value - trace)).toBeLessThan(4 * standardError)
    }
  })
})

describe('top-eigenvalue', () => {
  it('is the largest of the block of the layer, whatever couples it with others: 3 of [[2, 1], [1, 2]]', async () => {
    const hessian = [
      [2, 1, 9, 9],
      [1, 2, 9, 9],
      [9, 9, -5, 0],
      [9, 9, 0, 1],
    ]
    const { outcomes, values } = await scored(topEigenvalue, { hessian }, { tolerance: 1e-4 })
    expect(values[0]).toBeCloseTo(3, 6)
    // Of −5 and 1 it is the one that is larger in magnitude, with its sign.
    expect(values[1]).toBeCloseTo(-5, 6)
    for (const outcome of outcomes.values()) expect(outcome).not.toHaveProperty('capped')
  })

  it('lies within the tolerance of an eigenvalue: of 2 or 3, and of −1 or 4', async () => {
    const near = (value: number, eigenvalues: readonly number[]): boolean =>
      eigenvalues.some((its) => Math.abs(value - its) <= 0.2 * Math.abs(value))
    for (let seed = 0; seed < 50; seed++) {
      const { values } = await scored(topEigenvalue, { seed: String(seed) }, { tolerance: 0.2 })
      expect([near(values[0]!, [2, 3]), near(values[1]!, [-1, 4])]).toEqual([true, true])
    }
  })

  it('keeps to a tolerance that is finer than the rounding of squares', async () => {
    const hessian = [
      [1, 0, 0, 0],
      [0, 0.9997, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0.9997],
    ]
    for (let seed = 0; seed < 50; seed++) {
      // Far from both of two close eigenvalues the residual is up to half of what they are apart: 1.5e-4.
      const { outcomes } = await scored(topEigenvalue, { hessian, seed: String(seed) }, { tolerance: 1e-6 })
      for (const outcome of outcomes.values()) {
        const { value = NaN, capped = false } = outcome.reason === undefined ? outcome : {}
        expect(capped || Math.min(Math.abs(value - 1), Math.abs(value - 0.9997)) <= 1.1e-6).toBe(true)
      }
    }
  })

  it('flags two eigenvalues of one magnitude and opposite signs, where the estimate never moves', async () => {
    const hessian = [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]
    const { outcomes, directions } = await scored(topEigenvalue, { hessian }, { iterations: 7 })
    expect(outcomes.get('a')).toMatchObject({ capped: true })
    expect(outcomes.get('b')).toEqual({ value: expect.closeTo(1, 6) as number })
    expect(directions).toHaveLength(7 + 1)
  })
})

describe('criteria of the diagonal and the trace, on a Hessian of (2, 3 | −1, 4) and weights of (3, −4 | 1, 2)', () => {
  it('obd-diagonal: half of 2 · 9 + 3 · 16 and of −1 + 4 · 4, signs as they are', async () => {
    expect((await scored(obdDiagonal)).values).toEqual([33, 7.5])
  })

  it('hutchinson-trace-mean and obd-diagonal-mean are half of the sums over two weights', async () => {
    expect((await scored(hutchinsonTraceMean)).values).toEqual([5 / 2, 3 / 2])
    expect((await scored(obdDiagonalMean)).values).toEqual([33 / 2, 7.5 / 2])
  })

  it('obd-error of halving: a quarter of obd-diagonal', async () => {
    expect((await scored(obdError)).values).toEqual([33 / 4, 7.5 / 4])
  })

  it('hawq-v2 of halving: the mean eigenvalue times 25 / 4 and 5 / 4', async () => {
    expect((await scored(hawqV2)).values).toEqual([(5 / 2) * (25 / 4), (3 / 2) * (5 / 4)])
  })
})

describe('criteria of the empirical Fisher information, (11, 20 | 0, 3) / 3', () => {
  it('fit of halving: the trace times the mean square of the error', async () => {
    const { values } = await scored(fit)
    expect(values[0]).toBeCloseTo((31 / 3) * (25 / 8), 12)
    expect(values[1]).toBeCloseTo(5 / 8, 12)
    expect((await scored(fit, {}, { examples: 1 })).values).toEqual([5 * (25 / 8), 5 / 8])
  })

  it('fisher-error of halving: (11 · 9 / 4 + 20 · 4) / 3, and what has no information does not count', async () => {
    const { values } = await scored(fisherError)
    expect(values[0]).toBeCloseTo((11 * 2.25 + 20 * 4) / 3, 12)
    expect(values[1]).toBe(1)
  })
})

describe('criteria of the Hessian', () => {
  it.each([hutchinsonTrace, hutchinsonTraceMean, topEigenvalue, obdDiagonal, obdDiagonalMean, hawqV2, obdError])(
    '$name takes its products of as many examples as it is given',
    async (criterion) => {
      const { asked } = await scored(criterion, {}, { examples: 2 })
      expect(new Set(asked)).toEqual(new Set([2]))
    },
  )
})

describe('perturbation-aware criteria of curvature', () => {
  it('average over the draws of a stochastic perturbation, and are 5 times as large where a half of it goes thrice as far', async () => {
    for (const criterion of aware) {
      const [exact, { outcomes }] = [
        await scored(criterion),
        await scored(criterion, { stochastic: true }, { draws: 16 }),
      ]
      for (const [l, { name }] of layers.entries()) {
        const { value, standardError } = estimateOf(outcomes, name)
        expect(value).toBeCloseTo(5 * exact.values[l]!, 10)
        // Draws of one and nine times as much, eight of each.
        expect(standardError).toBeCloseTo((4 * exact.values[l]!) / Math.sqrt(15), 10)
      }
    }
  })

  it('compute once a model what no level changes, to the same scores in any order', async () => {
    for (const criterion of aware) {
      const [{ at, directions, passes }, backwards] = [small(), small()]
      const [strong, weak] = [await scoreLayers(criterion, at(0.5)), await scoreLayers(criterion, at(0.1))]
      expect(directions.length + passes.count).toBe(criterion.needs.some((need) => need === 'hessian') ? 9 : 1)
      expect(await scoreLayers(criterion, backwards.at(0.1))).toEqual(weak)
      expect(await scoreLayers(criterion, backwards.at(0.5))).toEqual(strong)
      expect(strong.get('a')!.value! / weak.get('a')!.value!).toBeCloseTo(25, 4)
    }
  })

  it('have no score where a derivative is not a number, and keep that of the other layer', async () => {
    const hessian = diagonal.map((row, i) => row.map((value, j) => (i === 0 && j === 0 ? NaN : value)))
    for (const criterion of [
      hutchinsonTrace,
      hutchinsonTraceMean,
      topEigenvalue,
      obdDiagonal,
      obdDiagonalMean,
      hawqV2,
      obdError,
    ]) {
      const { outcomes } = await scored(criterion, { hessian })
      expect(outcomes.get('a')).toEqual({ reason: 'gave NaN' })
      expect(outcomes.get('b')!.value).toBeGreaterThan(0)
    }
  })
})
