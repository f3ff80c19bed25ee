import {
  type AnyCriterion,
  definePerturbation,
  type HostContext,
  type Inputs,
  type Layer,
  perturb,
  rngFrom,
  type Score,
  type ScoreOutcome,
  scoreLayers,
  tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { boundedKl } from './bounded-kl.ts'
import { expectedDrop } from './expected-drop.ts'
import { flipRate } from './flip-rate.ts'
import { klGradientMean } from './kl-gradient-mean.ts'
import { klGradient } from './kl-gradient.ts'
import { lossDelta } from './loss-delta.ts'
import { outputKl } from './output-kl.ts'
import { outputMse } from './output-mse.ts'
import { singleSampleSweep } from './single-sample-sweep.ts'
import { spreadDrop } from './spread-drop.ts'
import { zeroqRandom } from './zeroq-random.ts'

const probes = [
  boundedKl,
  expectedDrop,
  flipRate,
  lossDelta,
  outputKl,
  outputMse,
  singleSampleSweep,
  spreadDrop,
  zeroqRandom,
] as const
const layer = { name: 'only', weightShape: [1], parameters: 1 } as unknown as Layer

/**
 * A network of one weight w, which is 1: its logits are (w·x, 0), for the calibration examples x = 1, 2, 3, … of the classes 0, 1, 0, …
 * and for the noise x = −1, −2, −3, … The perturbation adds its intensity and, where it is stochastic, the number of the draw. With `own`
 * in place of 1, the weight is another as long as nothing is perturbed.
 */
function host({ stochastic = false, intensity = 1, examples = 100, own = 1, intensities = [-2, 1, 2, 3, -4] }): {
  context: HostContext
  forwards: () => number
} {
  let forwards = 0
  const perturbation = definePerturbation({
    name: 'shift',
    family: 'noise',
    version: 1,
    summary: 'Adds to the weight.',
    reference: { title: 'Loadbearing', url: 'https://example.com/' },
    target: 'weights',
    unit: 'added',
    intensities,
    stochastic,
    nonFinite: true,
    apply: ({ shape, data }, added) =>
      tensor(
        shape,
        data.map((w) => w + added),
      ),
  })
  const partOf = (inputs: Inputs): { from: number; count: number; sign: number } => {
    if (typeof inputs === 'number') return { from: 0, count: inputs, sign: 1 }
    return 'noise' in inputs ? { from: 0, count: inputs.noise, sign: -1 } : { ...inputs, sign: 1 }
  }
  const run = (w: number, inputs: Inputs) => {
    const { from, count, sign } = partOf(inputs)
    const rows = Array.from({ length: count }, (_, i) => [w * sign * (from + i + 1), 0])
    return tensor([rows.length, 2], rows.flat())
  }
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  return {
    forwards: () => forwards,
    context: {
      layers: [layer],
      rng: rngFrom('test'),
      examples,
      weights: { weights: () => tensor([1], [1]) },
      gradients: {
        async *gradients({ objective, weights, examples: count = examples } = {}) {
          if (objective !== 'divergence') throw new Error('of nothing else')
          const w = weights!.get('only')!.data[0]!
          for (let n = 0; n < count; n += 2) {
            const xs = [n + 1, n + 2].slice(0, count - n)
            // Of a divergence between Bernoulli distributions with respect to the second one's logit: how far apart they are.
            const slopes = xs.map((x) => (sigmoid(w * x) - sigmoid(x)) * x)
            yield { examples: xs.length, gradients: new Map([['only', tensor([1], [mean(slopes)])]]) }
            // Two forwards, and one backward that takes as long as two.
            forwards += 4 * xs.length
          }
        },
        exampleGradients: unasked,
        activationGradients: unasked,
        outputGradients: unasked,
        outputMultipliers: unasked,
        flowGradients: unasked,
      },
      labels: { labels: Int32Array.from({ length: examples }, (_, i) => i % 2) },
      logits: { logits: async (inputs = examples) => run(own, inputs) },
      perturbation: {
        perturbation,
        intensity,
        perturbed: (_, draw = 0) =>
          perturb(perturbation, tensor([1], [1]), intensity + (stochastic ? draw : 0), { rng: rngFrom('test'), layer }),
        once: async (_, compute) => compute(rngFrom('test')),
      },
      perturbedForward: {
        perturbedForward: async (_, weight, inputs) => {
          forwards += partOf(inputs).count
          return run(weight.data[0]!, inputs)
        },
      },
    },
  }
}

async function scored(
  criterion: AnyCriterion,
  options: Record<string, number>,
  of: Parameters<typeof host>[0] = {},
): Promise<ScoreOutcome> {
  return (await scoreLayers(criterion, host(of).context, options)).get('only')!
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a))

/** KL between Bernoulli distributions with logits a and b, from the definition. */
function kl(a: number, b: number): number {
  const [p, q] = [sigmoid(a), sigmoid(b)]
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q))
}

for (const criterion of [klGradient, klGradientMean])
  describe(criterion.name, () => {
    conformance(criterion, it)
  })

for (const criterion of probes) {
  describe(criterion.name, () => {
    conformance(criterion, it)

    it.each([
      { stochastic: false, options: { forwards: 40 }, spent: 40 },
      { stochastic: true, options: { forwards: 40, draws: 4 }, spent: 40 },
      { stochastic: true, options: { forwards: 3, draws: 8 }, spent: 3 },
    ])('spends its budget and no more: $options, stochastic $stochastic', async ({ stochastic, options, spent }) => {
      const { context, forwards } = host({ stochastic })
      await scoreLayers(criterion, context, options)
      expect(forwards()).toBe(spent)
    })
  })
}

describe('the budget', () => {
  it('ends with the calibration examples', async () => {
    const { context, forwards } = host({ examples: 7 })
    await scoreLayers(boundedKl, context, { forwards: 1000 })
    expect(forwards()).toBe(7)
  })

  it('is of draws and examples, and the standard error covers both', async () => {
    // The draws add 1 and 2: the logit x becomes 2x or 3x.
    const table = [2, 3].map((w) => [1, 2].map((x) => (w * x - x) ** 2 / 2))
    const outcome = await scored(outputMse, { forwards: 4, draws: 2 }, { stochastic: true })
    expect(table).toEqual([
      [0.5, 2],
      [2, 8],
    ])
    // Mean squares: 14.0625 between draws, 14.0625 between examples, 5.0625 of what is left.
    expect(outcome).toEqual({ value: 3.125, standardError: Math.sqrt((2 * 14.0625 + -5.0625) / 4) })
    expect(await scored(outputMse, { forwards: 2, draws: 1 }, { stochastic: true })).toEqual({ value: 1.25 })
  })
})

describe('what a probe measures', () => {
  // The weight 1 becomes 2.
  it('bounded-kl: the mean of 1 − exp(−KL)', async () => {
    const { value } = await scored(boundedKl, { forwards: 2 })
    expect(value).toBeCloseTo(mean([1, 2].map((x) => 1 - Math.exp(-kl(x, 2 * x)))), 6)
  })

  it('output-kl: the mean KL', async () => {
    const { value } = await scored(outputKl, { forwards: 2 })
    expect(value).toBeCloseTo(mean([1, 2].map((x) => kl(x, 2 * x))), 6)
  })

  it('kl-gradient: the slope of KL where all is perturbed, times how far; its mean, for a million weights', async () => {
    // The weight 1 becomes 2, on ⌊13 / 4⌋ examples.
    const slope = mean([1, 2, 3].map((x) => (sigmoid(2 * x) - sigmoid(x)) * x))
    expect((await scored(klGradient, { forwards: 13 })).value).toBeCloseTo(slope, 6)
    expect((await scored(klGradientMean, { forwards: 13 })).value! / 1e6).toBeCloseTo(slope, 6)
    // To −1, twice as far and back: the slope is negative and so is the way.
    const turned = mean([1, 2, 3].map((x) => (sigmoid(-x) - sigmoid(x)) * x * -2))
    expect((await scored(klGradient, { forwards: 12 }, { intensity: -2 })).value).toBeCloseTo(turned, 6)
  })

  it('kl-gradient is of all draws that its budget pays for, with their error', async () => {
    // The draws add 1 and 2, each on ⌊8 / (2 · 4)⌋ examples.
    const [first, second] = [2, 3].map((w) => (sigmoid(w) - sigmoid(1)) * (w - 1)) as [number, number]
    const outcome = await scored(klGradient, { forwards: 8, draws: 2 }, { stochastic: true })
    expect(outcome.value).toBeCloseTo((first + second) / 2, 6)
    expect((outcome as Score).standardError).toBeCloseTo((second - first) / 2, 6)
  })

  it.each([
    { forwards: 41, examples: 100, spent: 40 },
    { forwards: 1, examples: 100, spent: 4 },
    { forwards: 400, examples: 7, spent: 28 },
    { forwards: 8, draws: 8, stochastic: true, examples: 100, spent: 8 },
    { forwards: 40, draws: 4, stochastic: true, examples: 100, spent: 32 },
    { forwards: 2, draws: 2, stochastic: true, examples: 100, spent: 4 },
  ])(
    'kl-gradient spends $spent of $forwards, one example at least',
    async ({ forwards: given, draws = 2, stochastic = false, examples, spent }) => {
      const { context, forwards } = host({ examples, stochastic })
      await scoreLayers(klGradient, context, { forwards: given, draws })
      expect(forwards()).toBe(spent)
    },
  )

  it('zeroq-random: the mean KL on noise', async () => {
    const { value } = await scored(zeroqRandom, { forwards: 2 }, { intensity: -0.5, examples: 1 })
    expect(value).toBeCloseTo(mean([-1, -2].map((x) => kl(x, 0.5 * x))), 6)
  })

  it('loss-delta: what the loss of the true class rises by, below zero where it falls', async () => {
    const loss = (logit: number): number => Math.log(1 + Math.exp(-logit))
    const { value } = await scored(lossDelta, { forwards: 2 })
    expect(value).toBeCloseTo(mean([loss(2) - loss(1), loss(-4) - loss(-2)]), 6)
    expect((await scored(lossDelta, { forwards: 1 })).value).toBeCloseTo(loss(2) - loss(1), 6)
  })

  it('expected-drop: how much less likely the new predictions were', async () => {
    // The second class is predicted in place of the first.
    const { value } = await scored(expectedDrop, { forwards: 2 }, { intensity: -2 })
    expect(value).toBeCloseTo(mean([1, 2].map((x) => sigmoid(x) - (1 - sigmoid(x)))), 6)
    expect((await scored(expectedDrop, { forwards: 2 })).value).toBe(0)
  })

  it('spread-drop: expected drop and a share of bounded KL, on images of its own at every level and draw', async () => {
    // What the example x scores where the weight becomes w.
    const valueOf = (x: number, w: number): number =>
      (w < 0 ? sigmoid(x) - (1 - sigmoid(x)) : 0) + 0.5 * (1 - Math.exp(-kl(x, w * x)))
    const at = async (intensity: number, stochastic: boolean): Promise<Score> =>
      (await scored(spreadDrop, { forwards: 2, lambda: 0.5 }, { intensity, stochastic, examples: 11 })) as Score
    expect((await at(-2, false)).value).toBeCloseTo(mean([valueOf(1, -1), valueOf(2, -1)]), 6)
    expect((await at(-4, false)).value).toBeCloseTo(mean([valueOf(9, -3), valueOf(10, -3)]), 6)
    const { value, standardError } = await at(-2, true)
    expect(value).toBeCloseTo(mean([valueOf(1, -1), valueOf(2, 0)]), 6)
    expect(standardError).toBeCloseTo(Math.abs(valueOf(1, -1) - valueOf(2, 0)) / 2, 6)
    expect((await at(-4, true)).value).toBeCloseTo(mean([valueOf(9, -3), valueOf(10, -2)]), 6)
  })

  it('spread-drop: draws of a level share their images where not all can have their own, and so the error of these', async () => {
    // Every draw has the other class predicted: two examples count 2 σ(x) − 1 each, whatever the draw, and their mean is as uncertain.
    const drops = (...xs: number[]): number[] => xs.map((x) => 2 * sigmoid(x) - 1)
    const few = [
      { forwards: 4, draws: 2, examples: 3, of: drops(1, 2) },
      // Of two pairs of images, the second is that of the second level, and of the fourth.
      { forwards: 6, draws: 3, examples: 5, of: drops(1, 2) },
      { forwards: 6, draws: 3, examples: 5, of: drops(3, 4), intensities: [1, -4, 2, 3, 4] },
    ]
    for (const {
      forwards,
      draws,
      examples,
      of: [a = NaN, b = NaN],
      intensities,
    } of few) {
      const its = host({ stochastic: true, intensity: -4, examples, intensities })
      const outcome = (await scoreLayers(spreadDrop, its.context, { forwards, draws, lambda: 0 })).get('only') as Score
      expect(outcome.value).toBeCloseTo((a + b) / 2, 6)
      expect(outcome.standardError).toBeCloseTo((b - a) / 2, 6)
      expect(its.forwards()).toBe(forwards)
    }
    // Of one image, nothing tells how others would do.
    expect(await scored(spreadDrop, { lambda: 0 }, { stochastic: true, intensity: -4, examples: 1 })).toEqual({
      value: expect.closeTo(2 * sigmoid(1) - 1, 6) as number,
    })
  })

  it('flip-rate and single-sample-sweep: a weight of the other sign flips all, and helps as many as it harms', async () => {
    const turned = { intensity: -2 }
    expect((await scored(flipRate, { forwards: 3 })).value).toBe(0)
    expect((await scored(flipRate, { forwards: 3 }, turned)).value).toBe(1)
    expect((await scored(singleSampleSweep, { forwards: 4 }, turned)).value).toBe(0)
    expect((await scored(singleSampleSweep, { forwards: 3 }, turned)).value).toBeCloseTo(1 / 3, 12)
    expect(await scored(singleSampleSweep, { forwards: 3 }, { ...turned, stochastic: true })).toEqual({ value: 1 / 3 })
  })
})

describe('infinite logits', () => {
  it.each(probes)('of the network as it is are the reason that $name has no score', async (criterion) => {
    for (const own of [Infinity, NaN]) {
      const outcome = await scored(criterion, { forwards: 2 }, { own })
      expect(outcome).toEqual({ reason: 'the unperturbed network gives logits that are not finite' })
    }
  })

  const infinite = { intensity: Infinity }

  it.each([outputKl, outputMse, lossDelta])('are the reason where nothing bounds $name', async (criterion) => {
    expect(await scored(criterion, { forwards: 2 }, infinite)).toMatchObject({
      reason: expect.stringContaining('NaN or infinite') as string,
    })
  })

  it('count in full where something does', async () => {
    expect((await scored(boundedKl, { forwards: 2 }, infinite)).value).toBe(1)
    expect((await scored(flipRate, { forwards: 2 }, infinite)).value).toBe(1)
    expect((await scored(expectedDrop, { forwards: 1 }, infinite)).value).toBeCloseTo(sigmoid(1), 6)
    // The first example was right, the second was not.
    expect((await scored(singleSampleSweep, { forwards: 2 }, infinite)).value).toBe(0.5)
  })
})
