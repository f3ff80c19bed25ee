import {
  type Layer,
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
import { hutchinsonTrace } from './hutchinson-trace.ts'

const layers = ['a', 'b'].map((name) => ({ name, weightShape: [2] }) as unknown as Layer)

/** Scores by a Hessian over the two weights of a, then the two of b; says how many products it took. */
async function scored(
  hessian: readonly (readonly number[])[],
  options = {},
  seed = 'test',
): Promise<{ outcomes: Map<string, ScoreOutcome>; directions: TensorsByLayer[] }> {
  const directions: TensorsByLayer[] = []
  const outcomes = await scoreLayers(
    hutchinsonTrace,
    {
      layers,
      rng: rngFrom(seed),
      examples: 8,
      labels: { labels: new Int32Array(8) },
      hessian: {
        hessianProduct: async (direction) => {
          directions.push(direction)
          const v = layers.flatMap(({ name }) => [...direction.get(name)!.data])
          const product = hessian.map((row) => row.reduce((sum, value, i) => sum + value * v[i]!, 0))
          return new Map<string, Tensor>(
            layers.map(({ name }, l) => [name, tensor([2], product.slice(2 * l, 2 * l + 2))]),
          )
        },
      },
    },
    options,
  )
  return { outcomes, directions }
}

const diagonal = [
  [2, 0, 0, 0],
  [0, 3, 0, 0],
  [0, 0, -1, 0],
  [0, 0, 0, 4],
]

function estimateOf(outcomes: ReadonlyMap<string, ScoreOutcome>, name: string): Required<Omit<Score, 'capped'>> {
  const outcome = outcomes.get(name)!
  if (outcome.value === undefined) throw new Error(outcome.reason)
  return { value: outcome.value, standardError: outcome.standardError ?? NaN }
}

describe('hutchinson-trace', () => {
  conformance(hutchinsonTrace, it)

  it('is exact where the Hessian is diagonal, whatever the signs, and stops at nine draws', async () => {
    const { outcomes, directions } = await scored(diagonal)
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
    const coupled = diagonal.map((row, i) => row.map((value, j) => value + (i + j === 1 ? 2 : 0)))
    const { outcomes, directions } = await scored(coupled, { draws: 10_000, precision: 0.05 })
    const [a, b] = [estimateOf(outcomes, 'a'), estimateOf(outcomes, 'b')]
    expect(directions.length).toBeGreaterThan(1000)
    expect(directions.length).toBeLessThan(10_000)
    // The error of draws of 1 or 9 is 4 / √m.
    expect(a.standardError).toBeCloseTo(4 / Math.sqrt(directions.length), 3)
    expect(a.standardError).toBeLessThanOrEqual((0.05 * Math.abs(a.value - b.value)) / Math.SQRT2)
    expect(Math.abs(a.value - 5)).toBeLessThan(4 * a.standardError)
    expect((await scored(coupled, { draws: 9 })).directions).toHaveLength(9)
  })

  it('takes no part of a layer for that of another: what couples them averages out', async () => {
    const coupled = [
      [2, 0, 1, 0.5],
      [0, 3, 0.25, 2],
      [1, 0.25, -1, 0],
      [0.5, 2, 0, 4],
    ]
    const { outcomes } = await scored(coupled, { draws: 4000, precision: 1e-6 })
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
