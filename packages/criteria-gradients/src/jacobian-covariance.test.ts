import { type Layer, rngFrom, scoreLayers, type ScoreOutcome, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { jacobianCovariance } from './jacobian-covariance.ts'

/** Of examples with these gradients with respect to what the layer reads, in batches of two. */
async function outcomeOf(rows: readonly (readonly number[])[]): Promise<ScoreOutcome> {
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  const outcomes = await scoreLayers(jacobianCovariance, {
    layers: [{ name: 'only' } as unknown as Layer],
    rng: rngFrom('test'),
    examples: rows.length,
    gradients: {
      gradients: unasked,
      exampleGradients: unasked,
      async *activationGradients() {
        for (let start = 0; start < rows.length; start += 2) {
          const batch = rows.slice(start, start + 2)
          const input = tensor([batch.length, rows[0]!.length], batch.flat())
          yield { examples: batch.length, gradients: new Map([['only', { input, output: tensor([0], []) }]]) }
        }
      },
      outputGradients: unasked,
      outputMultipliers: unasked,
      flowGradients: unasked,
    },
  })
  return outcomes.get('only')!
}

const k = 1e-5
const score = (...eigenvalues: readonly number[]): number =>
  -eigenvalues.reduce((sum, value) => sum + Math.log(value + k) + 1 / (value + k), 0)

describe('jacobian-covariance', () => {
  conformance(jacobianCovariance, it)

  it('has eigenvalues of 1, where no two examples correlate', async () => {
    const { value } = await outcomeOf([
      [1, 0, -1],
      [5, -1, 5],
    ])
    expect(value).toBeCloseTo(score(1, 1), 8)
    expect(value).toBeCloseTo(-2, 6)
  })

  it('tells by two examples already how alike they are: of a correlation of 1 / 2 the eigenvalues are 3 / 2 and 1 / 2', async () => {
    const { value } = await outcomeOf([
      [1, 0, -1],
      [1, -1, 0],
    ])
    expect(value).toBeCloseTo(score(1.5, 0.5), 8)
    // −ln 3/4 − 8/3.
    expect(value).toBeCloseTo(-2.378985, 4)
  })

  it('has one of all and others of 0, where all examples are alike but for a factor and a shift', async () => {
    const { value } = await outcomeOf([
      [1, 2, 4],
      [2, 4, 8],
      [0, 1, 3],
    ])
    expect(value! / score(3, 0, 0)).toBeCloseTo(1, 6)
  })

  it('has eigenvalues of how all examples correlate, from batches of two and one', async () => {
    // The third correlates with the first by 1 / 2 and with the second by √3 / 2: it lies between them.
    const { value } = await outcomeOf([
      [1, 0, -1],
      [5, -1, 5],
      [1, -1, 0],
    ])
    expect(value! / score(2, 1, 0)).toBeCloseTo(1, 6)
  })

  it('has a reason and no score of an example that the layer is dead or constant for, and of one example', async () => {
    const reason = 'of 1 of 2 examples the gradient is the same everywhere it reads'
    for (const constant of [0, 3]) {
      expect(
        await outcomeOf([
          [1, 2, 4],
          [constant, constant, constant],
        ]),
      ).toEqual({ reason })
    }
    expect(await outcomeOf([[1, 2, 4]])).toEqual({ reason: 'there is but one example' })
  })

  it('gives no score where a gradient is not a number', async () => {
    expect(
      await outcomeOf([
        [1, 2, 4],
        [NaN, 1, 2],
      ]),
    ).toEqual({ reason: 'gave NaN' })
  })
})
