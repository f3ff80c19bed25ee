import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { type Layer, sizeOf, type Tensor, type TensorsByLayer } from '@loadbearing/core'
import { readModel } from '@loadbearing/onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Differentiable, openDifferentiable } from '../src/index.ts'
import { engine } from './engine.ts'
import { zooFiles } from './zoo-files.ts'

/** Some values of a tensor, evenly spaced, and its length. */
interface Sampled {
  readonly norm: number
  /** float32 in base64 */
  readonly values: string
}

/** What PyTorch's automatic differentiation gives in float64: tools/reference/gradients.py. */
interface Reference {
  readonly name: string
  readonly layers: readonly string[]
  readonly labels: readonly number[]
  readonly logits: Sampled
  /** By layer. */
  readonly loss: readonly Sampled[]
  readonly trueLogit: readonly Sampled[]
  readonly logit4: readonly Sampled[]
  readonly lastExample: readonly Sampled[]
  readonly hessianProduct: readonly Sampled[]
  readonly firstLayerAlone: Sampled
  readonly activations: Readonly<Record<string, Sampled>>
  readonly reads: readonly string[]
  readonly makes: readonly string[]
  /** The loss's gradient with respect to the second layer's weight, where that is halved. */
  readonly halved: Sampled
  /** The gradient of the losses with respect to what the second layer makes, 0.3 of the way from what it makes of zeros. */
  readonly within: Sampled
  /** Of every layer's weight, where all parameters are their magnitudes. */
  readonly flow: readonly Sampled[]
}

const fixtures = new URL('fixtures/', import.meta.url)
const references = JSON.parse(readFileSync(new URL('gradients.json', fixtures), 'utf8')) as readonly Reference[]

/** Numbers from −2 to 2 by Park and Miller's generator, which the reference draws, too. */
function drawn(seed: number, shape: readonly number[]): Tensor {
  let state = seed
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647 - 0.5) * 4
  })
  return { shape, data }
}

/** The relative distance from the reference: of the values that it has, and of the lengths. */
function apart({ data }: Tensor, { norm, values }: Sampled): number {
  const expected = new Float32Array(Uint8Array.from(Buffer.from(values, 'base64')).buffer)
  const step = expected.length === 1 ? 0 : (data.length - 1) / (expected.length - 1)
  const differences = expected.map((value, i) => data[Math.floor(i * step + 1e-9)]! - value)
  const length = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))
  return Math.max(Math.hypot(...differences) / Math.hypot(...expected), Math.abs(length / norm - 1))
}

/** The largest distance over the layers, in the order of the reference. */
function worst({ layers }: Reference, made: TensorsByLayer, expected: readonly Sampled[]): number {
  expect([...made.keys()]).toEqual(layers)
  return Math.max(...layers.map((layer, i) => apart(made.get(layer)!, expected[i]!)))
}

describe.each(references)('$name', async (reference) => {
  const { name, reads, makes, activations } = reference
  const model = await readModel(zooFiles.get(name) ?? readFileSync(new URL(`${name}.onnx`, fixtures)), { name })
  let network: Differentiable
  let held: number
  const labels = Int32Array.from(reference.labels)
  const examples = drawn(1, [labels.length, ...model.input.shape])
  const batch = { examples, labels }
  const direction = (layers: readonly Layer[]): TensorsByLayer =>
    new Map(layers.map((layer) => [layer.name, drawn(2 + layer.depth, layer.weightShape)]))

  /** Runs it, and counts the tensors that it leaves behind. */
  const cleanly = async <Made>(run: () => Promise<Made>): Promise<Made> => {
    const made = await run()
    expect(tf.memory().numTensors).toBe(held)
    return made
  }

  beforeAll(async () => {
    network = await openDifferentiable(model, engine)
    held = tf.memory().numTensors
  })

  afterAll(() => {
    network.release()
    expect(tf.memory().numTensors).toBe(0)
  })

  it('has the logits that PyTorch has', async () => {
    expect(apart(await cleanly(() => network.logits(examples)), reference.logits)).toBeLessThan(1e-4)
  })

  it('has the gradient of the loss with respect to every weight', async () => {
    const made = await cleanly(() => network.gradients(batch, 'loss'))
    expect(worst(reference, made, reference.loss)).toBeLessThan(1e-4)
  })

  it('has the gradient of a logit, and of that of the true class', async () => {
    const ofTrue = await cleanly(() => network.gradients(batch, 'true-logit'))
    expect(worst(reference, ofTrue, reference.trueLogit)).toBeLessThan(1e-4)
    const ofFourth = await cleanly(() => network.gradients(batch, { logit: 4 }))
    expect(worst(reference, ofFourth, reference.logit4)).toBeLessThan(1e-4)
  })

  it('has the gradient of the sum of the logits, which is the sum of their gradients', async () => {
    const made = await cleanly(() => network.gradients(batch, 'logit-sum'))
    const parts = await cleanly(async () => {
      const all: TensorsByLayer[] = []
      for (let logit = 0; logit < 10; logit++) all.push(await network.gradients(batch, { logit }))
      return all
    })
    for (const [layer, { data }] of made) {
      const sums = data.map((_, i) => parts.reduce((sum, its) => sum + its.get(layer)!.data[i]!, 0))
      // Gradients of logits nearly cancel out: rounding is to be judged by them, not by what is left.
      const most = (values: Float32Array): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
      const largest = Math.max(...parts.map((its) => most(its.get(layer)!.data)))
      expect(most(data.map((value, i) => value - sums[i]!)) / largest).toBeLessThan(1e-4)
    }
  })

  it('has the gradients of every example, whose mean is that of the batch', async () => {
    const all = await cleanly(async () => {
      const made: TensorsByLayer[] = []
      for await (const each of network.exampleGradients(batch, 'loss')) made.push(each)
      return made
    })
    expect(all.length).toBe(labels.length)
    expect(worst(reference, all.at(-1)!, reference.lastExample)).toBeLessThan(1e-4)
    const mean = (layer: string): Tensor => {
      const { shape, data } = all[0]!.get(layer)!
      const sums = data.map((_, i) => all.reduce((sum, each) => sum + each.get(layer)!.data[i]!, 0))
      return { shape, data: sums.map((sum) => sum / all.length) }
    }
    const means = new Map(reference.layers.map((layer) => [layer, mean(layer)]))
    expect(worst(reference, means, reference.loss)).toBeLessThan(1e-4)
  })

  it('has the gradient with respect to what every layer reads and makes', async () => {
    const made = await cleanly(() => network.activationGradients(batch, 'loss'))
    const distances = reference.layers.flatMap((layer, i) => [
      apart(made.get(layer)!.input, activations[reads[i]!]!),
      apart(made.get(layer)!.output, activations[makes[i]!]!),
    ])
    expect(Math.max(...distances)).toBeLessThan(1e-4)
  })

  it('has the gradient where a weight stands in for its own', async () => {
    const second = model.layers[1]!
    const { shape, data } = model.weight(second)
    const weights = new Map([[second.name, { shape, data: data.map((value) => value / 2) }]])
    const made = await cleanly(() => network.gradients(batch, 'loss', [second], weights))
    expect(apart(made.get(second.name)!, reference.halved)).toBeLessThan(1e-4)
    const own = await network.activationGradients(batch, 'loss')
    const around = await cleanly(() => network.activationGradients(batch, 'loss', weights))
    expect(around.get(second.name)!.output.data).not.toEqual(own.get(second.name)!.output.data)
  })

  it('has the gradient of a divergence, which is that of the losses of all classes, weighed by what they have by itself', async () => {
    const second = model.layers[1]!
    const { shape, data } = model.weight(second)
    const weights = new Map([[second.name, { shape, data: data.map((value) => value / 2) }]])
    const one = {
      examples: { shape: [1, ...model.input.shape], data: examples.data.subarray(0, sizeOf(model.input.shape)) },
    }
    const first = { ...one, labels: labels.subarray(0, 1) }
    const logits = [...(await network.logits(first.examples)).data]
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0)
    const expected = new Float64Array(data.length)
    for (const [label, logit] of logits.entries()) {
      const batch = { ...one, labels: Int32Array.of(label) }
      const loss = await network.gradients(batch, 'loss', [second], weights)
      for (const [i, value] of loss.get(second.name)!.data.entries()) expected[i]! += (Math.exp(logit) / total) * value
    }
    const made = await cleanly(() => network.gradients(first, 'divergence', [second], weights))
    const differences = expected.map((value, i) => value - made.get(second.name)!.data[i]!)
    const length = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
    expect(length(expected)).toBeGreaterThan(0)
    expect(length(differences) / length(expected)).toBeLessThan(1e-4)
  })

  it('has the gradient with respect to what a layer makes, where it alone is on the way from a baseline', async () => {
    const baseline = { shape: examples.shape, data: new Float32Array(examples.data.length) }
    const made = await cleanly(() => network.outputGradients(batch, 'loss', model.layers[1]!, { alpha: 0.3, baseline }))
    expect(apart(made, reference.within)).toBeLessThan(1e-4)
  })

  it('has the flow of magnitudes', async () => {
    const made = await cleanly(() => network.flowGradients())
    expect(worst(reference, made, reference.flow)).toBeLessThan(1e-4)
  })

  it("has the product with the Hessian that PyTorch's double backward has: of all weights, and of one layer's", async () => {
    const all = await cleanly(() => network.hessianProduct(batch, direction(model.layers)))
    expect(worst(reference, all, reference.hessianProduct)).toBeLessThan(1e-4)
    const [first] = model.layers
    const alone = await cleanly(() => network.hessianProduct(batch, direction([first!])))
    expect([...alone.keys()]).toEqual([first!.name])
    expect(apart(alone.get(first!.name)!, reference.firstLayerAlone)).toBeLessThan(1e-4)
  })
})
