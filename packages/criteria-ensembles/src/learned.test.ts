import { definePerturbation, type Layer, rngFrom, scoreLayers, tensor, type HostContext } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { coefficientsFor } from './coefficients.ts'
import { type FeatureContext, featuresOf } from './layer-features.ts'
import { learned } from './learned.ts'

const options = { examples: 16, classes: 10, draws: 2, memory: 1024 }

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
  const one = (k: number, x: number): number[] => [k === 0 ? x : 0, k === 1 ? x : 0]
  return {
    layers,
    rng: rngFrom('test'),
    examples: inputs.length,
    identity: { model: 'none of the zoo' },
    weights: { weights: () => tensor([2, 1], weight) },
    logits: { logits: async () => tensor([inputs.length, 2], made) },
    gradients: {
      gradients: unasked,
      outputGradients: unasked,
      outputMultipliers: unasked,
      flowGradients: unasked,
      async *exampleGradients({ objective } = {}) {
        const { logit } = objective as { logit: number }
        for (const x of inputs) yield new Map(names.map((name) => [name, tensor([2, 1], one(logit, x))]))
      },
      activationGradients: unasked,
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
  const { layers, rng, examples, weights, logits, gradients, perturbation: level } = hostOf(network)
  const context = { layers, rng, examples, ...weights, ...logits, ...gradients, ...level }
  return featuresOf(context as FeatureContext, options).then((all) => all.get('only'))
}

const close = (value: number): number => expect.closeTo(value, 6) as number

describe('the features of a layer', () => {
  it('are what a hand computes', async () => {
    // z = (2, 2), so p = (½, ½); ∂z_k/∂W_k = x = 2, whose variance over p is 1. ΔW = (1, 0) moves z to (4, 2).
    const q = 1 / (1 + Math.exp(-2))
    const divergence = Math.log(0.5) - (Math.log(q) + Math.log(1 - q)) / 2
    expect(await featuresFor({})).toEqual({
      fisher: close(1),
      fit: close(1),
      'bounded-kl': close(1 - Math.exp(-divergence)),
      flips: 0,
      parameters: 2,
      depth: 0,
    })
  })

  it('count the examples whose class changes in the linear network', async () => {
    // Of x = 1 and x = −1 the likelier class is 0 and 1; with the weights exchanged it is the other.
    expect(await featuresFor({ weight: [2, 1], moved: [1, 2], inputs: [1, -1] })).toMatchObject({ flips: 1 })
    expect(await featuresFor({ weight: [2, 1], moved: [3, 1], inputs: [1, -1] })).toMatchObject({ flips: 0 })
  })

  it('are all 0 where the perturbation changes nothing, but for what tells the layer alone', async () => {
    expect(await featuresFor({ moved: [1, 1] })).toEqual({
      fisher: 0,
      fit: 0,
      'bounded-kl': 0,
      flips: 0,
      parameters: 2,
      depth: 0,
    })
  })

  it('are missing, with a reason, where a weight becomes none', async () => {
    const outcomes = await scoreLayers(learned, hostOf({ moved: [NaN, 1] }))
    expect(outcomes.get('only')!.reason).toBe('its fisher is NaN')
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

  it('adds up the weights of the features by which a layer ranks higher', async () => {
    const { weights } = coefficientsFor('none of the zoo')
    const { perturbation: level, ...host } = hostOf({ layers: ['a', 'b'], inputs: [1, -2], weight: [2, 1] })
    const outcomes = await scoreLayers(learned, {
      ...host,
      perturbation: { ...level!, perturbed: ({ name }) => tensor([2, 1], name === 'a' ? [2, 1] : [1, 3]) },
    })
    // b exceeds a, rank ¼ to −¼, but for its parameters, which are as many.
    const sum = Object.values(weights).reduce((a, b) => a + b, 0) - weights.parameters
    expect(outcomes.get('a')!.value).toBeCloseTo(-sum / 4, 9)
    expect(outcomes.get('b')!.value).toBeCloseTo(sum / 4, 9)
  })

  it('is 0 of the only layer there is', async () => {
    expect((await scoreLayers(learned, hostOf({}))).get('only')!.value).toBe(0)
  })

  it('says so where the derivatives of one example take more memory than it is given', async () => {
    const host = hostOf({})
    const scoredOf = async (parameters: number) => {
      const layers = host.layers.map((layer) => ({ ...layer, parameters }))
      return (await scoreLayers(learned, { ...host, layers }, { memory: 1 })).get('only')!
    }
    expect((await scoredOf(1e6)).reason).toBe('The derivatives of 2 logits of one example take more than 1 MiB.')
    // Of its two classes 0.8 MB; ten, as many as it may look at, would be 4.
    expect((await scoredOf(1e5)).reason).toBeUndefined()
  })
})

function unasked(): never {
  throw new Error('not asked for')
}
