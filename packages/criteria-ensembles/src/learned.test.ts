import { definePerturbation, type Layer, rngFrom, scoreLayers, tensor, type HostContext } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { coefficientsFor } from './coefficients.ts'
import { type FeatureContext, featuresOf } from './layer-features.ts'
import { learned } from './learned.ts'

const options = { examples: 16, places: 16, classes: 10, draws: 2, memory: 1024 }

const perturbation = definePerturbation({
  name: 'fixed',
  family: 'noise',
  version: 1,
  summary: 'A test.',
  reference: { title: 'Test', url: 'https://example.com/' },
  target: 'weights',
  unit: '1',
  intensities: [1, 2, 3, 4, 5],
  stochastic: false,
  apply: (weight) => weight,
})

interface Only {
  /** [2, 1] */
  readonly weight?: readonly [number, number]
  readonly moved?: readonly [number, number]
  /** What the layer reads of each example. */
  readonly inputs?: readonly number[]
  readonly layers?: readonly string[]
}

/** A network of one layer, z = W x, or of several that all do the same; the network is linear, so that derivatives tell all. */
function hostOf({ weight = [1, 1], moved = [2, 1], inputs = [2], layers: names = ['only'] }: Only): HostContext {
  const layers = names.map(
    (name, depth) =>
      ({
        name,
        depth,
        op: 'Gemm',
        weightShape: [2, 1],
        outputAxis: 0,
        inputAxis: 1,
        groups: 1,
        parameters: 2,
        outputShape: [2],
      }) as unknown as Layer,
  )
  const made = inputs.flatMap((x) => weight.map((w) => w * x))
  const batch = new Map(
    names.map((name) => [
      name,
      { input: tensor([inputs.length, 1], inputs), output: tensor([inputs.length, 2], made) },
    ]),
  )
  const one = (k: number, x: number): number[] => [k === 0 ? x : 0, k === 1 ? x : 0]
  return {
    layers,
    rng: rngFrom('test'),
    examples: inputs.length,
    identity: { model: 'none of the zoo' },
    weights: { weights: () => tensor([2, 1], weight) },
    activations: {
      async *activations() {
        yield batch
      },
    },
    logits: { logits: async () => tensor([inputs.length, 2], made) },
    gradients: {
      gradients() {
        throw new Error('not asked for')
      },
      async *exampleGradients({ objective } = {}) {
        const { logit } = objective as { logit: number }
        for (const x of inputs) yield new Map(names.map((name) => [name, tensor([2, 1], one(logit, x))]))
      },
      async *activationGradients({ objective } = {}) {
        const { logit } = objective as { logit: number }
        const output = tensor(
          [inputs.length, 2],
          inputs.flatMap(() => one(logit, 1)),
        )
        yield { examples: inputs.length, gradients: new Map(names.map((name) => [name, { input: output, output }])) }
      },
    },
    perturbation: {
      perturbation,
      intensity: 1,
      perturbed: () => tensor([2, 1], moved),
      once: async (key, compute) => compute(rngFrom(key)),
    },
  }
}

function featuresFor(network: Only): Promise<unknown> {
  const { layers, rng, examples, weights, activations, logits, gradients, perturbation: level } = hostOf(network)
  const context = { layers, rng, examples, ...weights, ...activations, ...logits, ...gradients, ...level }
  return featuresOf(context as FeatureContext, options).then((all) => all.get('only'))
}

const close = (value: number): number => expect.closeTo(value, 6) as number

describe('the features of a layer', () => {
  it('are what a hand computes', async () => {
    // z = (2, 2), so p = (½, ½); ∂z_k/∂W_k = x = 2 and ∂z_k/∂y_k = 1, whose variances over p are 1 and ¼. ΔW = (1, 0), Δy = (2, 0).
    const q = 1 / (1 + Math.exp(-2))
    const divergence = Math.log(0.5) - (Math.log(q) + Math.log(1 - q)) / 2
    expect(await featuresFor({})).toEqual({
      fisher: close(1),
      fit: close(1),
      'bounded-kl': close(1 - Math.exp(-divergence)),
      flips: 0,
      'output-fisher': close(1),
      gain: close(0.5 * 8),
      'relative-error': close(0.5),
      'output-error': close(0.5),
    })
  })

  it('count the examples whose class changes in the linear network', async () => {
    // Of x = 1 and x = −1 the likelier class is 0 and 1; with the weights exchanged it is the other.
    expect(await featuresFor({ weight: [2, 1], moved: [1, 2], inputs: [1, -1] })).toMatchObject({ flips: 1 })
    expect(await featuresFor({ weight: [2, 1], moved: [3, 1], inputs: [1, -1] })).toMatchObject({ flips: 0 })
  })

  it('are all 0 but for the gain where the perturbation changes nothing', async () => {
    const { gain, ...others } = (await featuresFor({ moved: [1, 1] })) as Record<string, number>
    expect(gain).toBeCloseTo(4, 6)
    expect(Object.values(others)).toEqual(Object.values(others).map(() => 0))
  })

  it('are 0 of weights of zero where an error would be a share of them', async () => {
    expect(await featuresFor({ weight: [0, 0], moved: [1, 0] })).toMatchObject({
      'relative-error': 0,
      'output-error': 0,
    })
  })

  it('are missing, with a reason, where what is read is not what the layer made its outputs of, or is not a number', async () => {
    const { layers, ...host } = hostOf({ inputs: [1, 2, 4] })
    const outcomes = await scoreLayers(learned, {
      ...host,
      layers,
      weights: { weights: () => tensor([2, 1], [5, 5]) },
    })
    expect(outcomes.get('only')!.reason).toBe('what the layer reads at a place could not be told from its shapes')
    const wrong = await scoreLayers(learned, hostOf({ moved: [NaN, 1] }))
    expect(wrong.get('only')!.reason).toBe('fisher is NaN')
  })
})

describe('learned', () => {
  conformance(learned, it)

  it('weighs the ranks of features by what was learnt from all families where it does not know the network', () => {
    const { withheld, weights } = coefficientsFor('none of the zoo')
    expect(withheld).toBe(null)
    // What the loss feels of the change is what decides.
    expect(weights.fisher + weights.fit + weights['bounded-kl'] + weights.flips).toBeGreaterThan(0.5)
  })

  it('is half the sum of weights apart between two layers of which one exceeds the other in every feature', async () => {
    const { weights } = coefficientsFor('none of the zoo')
    const { layers, perturbation: level, ...host } = hostOf({ layers: ['a', 'b'], inputs: [1, -2], weight: [2, 1] })
    const outcomes = await scoreLayers(learned, {
      ...host,
      layers,
      perturbation: { ...level!, perturbed: ({ name }) => tensor([2, 1], name === 'a' ? [2, 1] : [1, 3]) },
    })
    // Their gain is the same: a tie.
    const sum = Object.values(weights).reduce((a, b) => a + b, 0) - weights.gain
    expect(outcomes.get('a')!.value).toBeCloseTo(-sum / 4, 9)
    expect(outcomes.get('b')!.value).toBeCloseTo(sum / 4, 9)
  })

  it('is 0 of the only layer there is', async () => {
    expect((await scoreLayers(learned, hostOf({}))).get('only')!.value).toBe(0)
  })

  it('says so where the derivatives of one example take more memory than it is given', async () => {
    const host = hostOf({})
    const layers = host.layers.map((layer) => ({ ...layer, parameters: 1e6 }))
    const outcomes = await scoreLayers(learned, { ...host, layers }, { memory: 1 })
    expect(outcomes.get('only')!.reason).toBe('The derivatives of 10 logits of one example take more than 1 MiB.')
  })
})
