import {
  type AnyCriterion,
  type HostContext,
  type Layer,
  type PassOptions,
  rngFrom,
  scoreLayers,
  type ScoreOutcome,
  tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { deepliftRescale } from './deeplift-rescale.ts'
import { expectedGradients } from './expected-gradients.ts'
import { gradCamMean } from './grad-cam-mean.ts'
import { gradCam } from './grad-cam.ts'
import { gradientTimesOutput } from './gradient-times-output.ts'
import * as criteria from './index.ts'
import { integratedGradients } from './integrated-gradients.ts'
import { integratedRemoval } from './integrated-removal.ts'
import { internalInfluenceMean } from './internal-influence-mean.ts'
import { internalInfluence } from './internal-influence.ts'
import { layerConductance } from './layer-conductance.ts'

/** One layer that makes [2 x, x − 1] of x; the logit is the square of the first, take away three times the second. */
interface Case {
  readonly xs: readonly number[]
  readonly batch?: number
}

/** What the network makes of x, and the gradient of the logit there. */
const made = (x: number): [number, number] => [2 * x, x - 1]
const gradientAt = ([first]: readonly [number, number]): [number, number] => [2 * first, -3]

/** The loss is w³ of a single weight. */
function hostOf({ xs, batch = 2 }: Case): HostContext {
  const from = (n: number, count: number, baseline: 'zeros' | { readonly shift: number }): number =>
    baseline === 'zeros' ? 0 : xs[(n + baseline.shift) % count]!
  const all = (options: PassOptions): number => Math.min(options.examples ?? xs.length, xs.length)
  const inputs = (options: PassOptions): number[] =>
    xs.slice(0, all(options)).map((x, n) => {
      const { alpha, baseline } = options.path ?? { alpha: 1, baseline: 'zeros' }
      const start = from(n, all(options), baseline)
      return start + alpha * (x - start)
    })
  function* batches<T>(rows: readonly T[]): Generator<readonly T[]> {
    for (let start = 0; start < rows.length; start += batch) yield rows.slice(start, start + batch)
  }
  const units = (rows: readonly (readonly [number, number])[]) => tensor([rows.length, 2], rows.flat())
  const nothing = tensor([0], [])
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  return {
    layers: [{ name: 'only', op: 'Gemm', weightShape: [2, 1], outputAxis: 0 } as unknown as Layer],
    rng: rngFrom('test'),
    examples: xs.length,
    labels: { labels: new Int32Array(xs.length) },
    weights: { weights: () => tensor([1], [2]) },
    activations: {
      async *activations(options = {}) {
        for (const rows of batches(inputs(options))) {
          yield new Map([['only', { input: nothing, output: units(rows.map(made)) }]])
        }
      },
    },
    gradients: {
      async *gradients({ weights, examples = xs.length } = {}) {
        const [weight] = weights!.get('only')!.data
        for (const rows of batches(xs.slice(0, examples))) {
          yield { examples: rows.length, gradients: new Map([['only', tensor([1], [3 * weight! ** 2])]]) }
        }
      },
      exampleGradients: unasked,
      async *activationGradients(options = {}) {
        for (const rows of batches(inputs(options))) {
          const output = units(rows.map((x) => gradientAt(made(x))))
          yield { examples: rows.length, gradients: new Map([['only', { input: nothing, output }]]) }
        }
      },
      async *outputGradients(_, { alpha, baseline }, options = {}) {
        const found = inputs(options).map((x, n) => {
          const [own, start] = [made(x), made(from(n, all(options), baseline))]
          return gradientAt([start[0] + alpha * (own[0] - start[0]), start[1] + alpha * (own[1] - start[1])])
        })
        for (const rows of batches(found)) yield units(rows)
      },
      async *outputMultipliers(baseline, { examples = xs.length } = {}) {
        const found = inputs({ examples }).map((x, n): [number, number] => {
          const [to, start] = [made(x)[0], made(from(n, all({ examples }), baseline))[0]]
          return [to + start, -3]
        })
        for (const rows of batches(found)) yield new Map([['only', units(rows)]])
      },
      flowGradients: unasked,
    },
  }
}

async function outcomeOf(criterion: AnyCriterion, its: Case, options = {}): Promise<ScoreOutcome> {
  return (await scoreLayers(criterion, hostOf(its), options)).get('only')!
}

const scoreOf = async (criterion: AnyCriterion, its: Case, options = {}): Promise<number> =>
  (await outcomeOf(criterion, its, options)).value ?? NaN

describe('criteria of attribution', () => {
  for (const criterion of Object.values(criteria)) conformance(criterion, it)

  const three: Case = { xs: [1, -2, 3] }

  it('integrated-gradients is what each unit adds from its baseline: (4 + 16 + 36 + 3 · (1 + 2 + 3)) / 3', async () => {
    // The first goes from 0 to 2 x, and adds 4 x²; the second from −1 to x − 1, and adds −3 x. The midpoint rule is exact.
    for (const steps of [1, 5]) expect(await scoreOf(integratedGradients, three, { steps })).toBeCloseTo(74 / 3, 5)
    expect(await scoreOf(integratedGradients, three, { examples: 2 })).toBeCloseTo(29 / 2, 5)
  })

  it('layer-conductance is the same, where all of the path goes through the layer and its units are linear', async () => {
    for (const steps of [1, 5]) expect(await scoreOf(layerConductance, three, { steps })).toBeCloseTo(74 / 3, 5)
    expect(await scoreOf(layerConductance, three, { examples: 2 })).toBeCloseTo(29 / 2, 5)
  })

  it('deeplift-rescale is the same: the slope of the square between 2 x and 0 is 2 x, and the second unit is linear', async () => {
    expect(await scoreOf(deepliftRescale, three)).toBeCloseTo(74 / 3, 5)
    expect(await scoreOf(deepliftRescale, three, { examples: 2 })).toBeCloseTo(29 / 2, 5)
  })

  it('internal-influence is the mean gradient, whatever the unit adds: of 2 x and 3 a unit', async () => {
    // On the way from 0 to x the gradient 4 x α is 2 x in the mean.
    expect(await scoreOf(internalInfluence, three)).toBeCloseTo((2 + 4 + 6 + 9) / 3, 5)
    expect(await scoreOf(internalInfluenceMean, three)).toBeCloseTo((2 + 4 + 6 + 9) / 6, 5)
  })

  it('gradient-times-output takes both at the example: 8 x² and 3 |x − 1|', async () => {
    expect(await scoreOf(gradientTimesOutput, three)).toBeCloseTo((8 + 32 + 72 + 0 + 9 + 6) / 3, 5)
    expect(await scoreOf(gradientTimesOutput, three, { examples: 1 })).toBeCloseTo(8, 5)
  })

  it('grad-cam adds up maps before it leaves out what is negative: 8 x² − 3 (x − 1) at one place', async () => {
    expect(await scoreOf(gradCam, three)).toBeCloseTo((8 + 41 + 66) / 3, 5)
    expect(await scoreOf(gradCamMean, three)).toBeCloseTo((8 + 41 + 66) / 3, 5)
    // At 0.2 it is 0.32 + 2.4; at 1.5 it is 18 − 1.5; nowhere is it below 0 but between maps.
    expect(await scoreOf(gradCam, { xs: [0.2, 1.5] })).toBeCloseTo((2.72 + 16.5) / 2, 5)
  })

  it('expected-gradients starts at other examples: within its error, and exact where there are but two', async () => {
    // From b to x the first adds 4 (x² − b²) in the mean over α, the second −3 (x − b). Of 1 and 3 what α adds to one it takes from the
    // other.
    expect(await scoreOf(expectedGradients, { xs: [1, 3] })).toBeCloseTo(32 + 6, 4)
    // The mean over two baselines before the magnitude: 20, 14 and 34, and 6, 1.5 and 7.5.
    const outcome = await outcomeOf(expectedGradients, { xs: [0, 1, 3] }, { draws: 4000 })
    if (outcome.value === undefined) throw new Error(outcome.reason)
    expect(outcome.standardError).toBeGreaterThan(0)
    expect(outcome.standardError).toBeLessThan(1)
    expect(Math.abs(outcome.value - 83 / 3)).toBeLessThan(4 * outcome.standardError!)
    // Of one layer there is no spread to be precise against.
    expect(outcome.capped).toBe(true)
    const alone = await outcomeOf(expectedGradients, { xs: [1] })
    expect(alone).toEqual({ reason: 'there is no other example to start from' })
  })

  it('expected-gradients draws no more for the sake of a layer that has no score', async () => {
    const host = hostOf({ xs: [1, 3] })
    const { activations } = host.activations!
    const [only] = host.layers
    const outcomes = await scoreLayers(
      expectedGradients,
      {
        ...host,
        layers: ['only', 'twice', 'broken'].map((name) => ({ ...only!, name })),
        activations: {
          async *activations(options) {
            for await (const batch of activations(options)) {
              const { input, output } = batch.get('only')!
              const times = (factor: number) => ({
                input,
                output: { ...output, data: output.data.map((y) => factor * y) },
              })
              yield new Map([...batch, ['twice', times(2)], ['broken', times(NaN)]])
            }
          },
        },
      },
      { draws: 32 },
    )
    const close = (value: number): number => expect.closeTo(value, 4) as number
    expect(outcomes.get('only')).toEqual({ value: close(38), standardError: close(0) })
    expect(outcomes.get('twice')).toEqual({ value: close(76), standardError: close(0) })
    expect(outcomes.get('broken')!.reason).toBe('gave NaN')
  })

  it('integrated-removal is what the loss of w³ gains from no weight to 2', async () => {
    const score = await scoreOf(integratedRemoval, three, { steps: 400 })
    expect(score).toBeCloseTo(8, 3)
    // One point in the middle: 2 · 3.
    expect(await scoreOf(integratedRemoval, three, { steps: 1 })).toBe(6)
  })

  it('gives no score where what comes out is no number', async () => {
    for (const criterion of [gradCam, gradCamMean, gradientTimesOutput, integratedGradients, layerConductance]) {
      expect((await outcomeOf(criterion, { xs: [1, NaN] })).reason).toBe('gave NaN')
    }
  })
})
