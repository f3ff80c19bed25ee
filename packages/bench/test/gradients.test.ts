import { readFileSync } from 'node:fs'
import { type AnyCriterion, type GradientBatch, scoreLayers, type Tensor, type TensorsByLayer } from '@loadbearing/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { criteria, perturbations } from '../src/registry.generated.ts'
import { examples, expectClose, given, small } from './drawn-images.ts'

const exact = [
  'fisher',
  'fisher-pruning',
  'gradient-activation',
  'gradient-norm',
  'grasp',
  'logit-gradient-norm',
  'snip',
  'taylor',
  'taylor-filters',
] as const

interface Reference extends Readonly<Record<(typeof exact)[number] | 'trace', readonly number[]>> {
  readonly model: string
  readonly layers: readonly string[]
}

const fixture = new URL('fixtures/gradient-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]
const criterion = (name: string): AnyCriterion => criteria.find(({ plugin }) => plugin.name === name)!.plugin

/** Σ over batches of what a batch holds times its mean gradient, over all examples. */
async function weighted(batches: AsyncIterable<GradientBatch<Tensor>>): Promise<Map<string, Float64Array>> {
  const sums = new Map<string, Float64Array>()
  for await (const batch of batches) {
    for (const [name, { data }] of batch.gradients) {
      const sum = sums.get(name) ?? new Float64Array(data.length)
      data.forEach((value, i) => (sum[i]! += (batch.examples / examples) * value))
      sums.set(name, sum)
    }
  }
  return sums
}

describe('gradients that a criterion is given', () => {
  it('have a mean, and Hessian products, that do not depend on the batch', async () => {
    const model = await small('lenet-fashion')
    const found = (batch: number) =>
      given(model, { batch }, async (host) => {
        const { gradients, hessian, layers } = host.contexts({ name: 'test', version: 1 })()
        const direction = new Map(layers.map((layer) => [layer.name, model.onnx.weight(layer)]))
        return {
          mean: await weighted(gradients!.gradients()),
          product: await hessian!.hessianProduct(direction),
        }
      })
    const [whole, parts] = [await found(examples), await found(5)]
    expect(whole.mean.size).toBe(5)
    for (const [name, values] of whole.mean) expectClose(parts.mean.get(name)!, values)
    for (const [name, { data }] of whole.product) expectClose(parts.product.get(name)!.data, data)
  })

  it('are of every example for itself, and a row an example of the activations, in the order of the labels', async () => {
    await given(await small('lenet-fashion'), { batch: 5 }, async (host) => {
      const { gradients, activations, labels } = host.contexts({ name: 'test', version: 1 })()
      const each: TensorsByLayer[] = []
      for await (const its of gradients!.exampleGradients({ objective: 'true-logit' })) each.push(its)
      expect(each).toHaveLength(labels!.labels.length)
      const seen = activations!.activations()[Symbol.asyncIterator]()
      let first = 0
      for await (const batch of gradients!.activationGradients({ objective: 'true-logit' })) {
        const read = (await seen.next()).value as ReadonlyMap<string, { input: Tensor }>
        // Of the last layer, the gradient of an example is what the layer makes of it, outer product with what it reads.
        const [layer, { output }] = [...batch.gradients].at(-1)!
        const { input } = read.get(layer)!
        const [outputs, inputs] = [output.data.length / batch.examples, input.data.length / batch.examples]
        expect(output.shape[0]).toBe(batch.examples)
        for (let row = 0; row < batch.examples; row++) {
          const outer = Array.from({ length: outputs * inputs }, (_, i) => {
            const [o, from] = [Math.floor(i / inputs), i % inputs]
            return output.data[row * outputs + o]! * input.data[row * inputs + from]!
          })
          expect(output.data[row * outputs + labels!.labels[first + row]!]).toBe(1)
          expectClose(each[first + row]!.get(layer)!.data, outer)
        }
        first += batch.examples
      }
      expect(first).toBe(examples)
    })
  })

  it('are counted by the image, and say what ran', async () => {
    await given(await small('lenet-fashion'), { batch: 5 }, async (host) => {
      const { gradients, hessian, layers, logits } = host.contexts({ name: 'test', version: 1 })()
      expect([host.forwards(), host.backwards(), host.engine()]).toEqual([0, 0, null])
      const spend = async (batches: AsyncIterable<unknown>): Promise<void> => {
        for await (const _ of batches);
      }
      await spend(gradients!.gradients({ examples: 7 }))
      expect([host.forwards(), host.backwards(), host.examples()]).toEqual([7, 7, 7])
      await spend(gradients!.exampleGradients({ examples: 3 }))
      await spend(gradients!.activationGradients({ examples: 100 }))
      expect([host.forwards(), host.backwards(), host.examples()]).toEqual([22, 22, 12])
      const direction = { shape: layers[0]!.weightShape, data: new Float32Array(layers[0]!.parameters) }
      await hessian!.hessianProduct(new Map([[layers[0]!.name, direction]]), 4)
      expect([host.forwards(), host.backwards()]).toEqual([26, 30])
      const engine = process.env.LOADBEARING_ENGINE ?? 'tfjs-(node|wasm)'
      expect(host.engine()).toMatch(new RegExp(`^${engine} \\d+\\.\\d+\\.\\d+[^,]*$`))
      await logits!.logits(2)
      expect(host.engine()).toMatch(new RegExp(`^${engine} [^,]*, onnxruntime-node \\d`))
    })
  })

  it('of a network that cannot be differentiated are a reason for every layer', async () => {
    const model = await small('lenet-fashion')
    const fixed = { ...model, onnx: { ...model.onnx, batch: 4 } }
    await given(fixed, {}, async (host) => {
      const outcomes = await scoreLayers(criterion('fisher'), host.contexts({ name: 'test', version: 1 })())
      const reason = 'lenet-fashion takes 4 examples at a time; gradients need any number.'
      expect([...outcomes.values()]).toEqual(Array(5).fill({ reason }))
      expect(host.engine()).toBe(null)
    })
  })
})

describe('criteria of gradients agree with PyTorch (tools/reference/gradient_criteria.py)', () => {
  it.each(references)('on $model', async ({ model: name, layers, ...expected }) => {
    await given(await small(name), { batch: 5 }, async (host) => {
      const scored = async (plugin: AnyCriterion, options = {}) => {
        const outcomes = await scoreLayers(plugin, host.contexts({ name: 'reference', version: 1 })(), options)
        return layers.map((layer) => outcomes.get(layer)!)
      }
      const values = async (its: AnyCriterion) => (await scored(its)).map(({ value }) => value ?? NaN)
      for (const its of exact) expectClose(await values(criterion(its)), expected[its])
      const traces = await scored(criterion('hutchinson-trace'), { draws: 24 })
      traces.forEach((outcome, i) => {
        if (outcome.value === undefined) throw new Error(outcome.reason)
        expect(Math.abs(outcome.value - expected.trace[i]!)).toBeLessThan(4 * outcome.standardError!)
      })
    })
  })
})

it('adds up to the trace that PyTorch has within 1 %, unit vector by unit vector', async () => {
  const { layers: names, trace } = references.find(({ model: name }) => name === 'resnet8-fashion')!
  await given(await small('resnet8-fashion'), { batch: 12 }, async (host) => {
    const { hessian, layers } = host.contexts({ name: 'reference', version: 1 })()
    const [layer] = layers
    let sum = 0
    for (let weight = 0; weight < layer!.parameters; weight++) {
      const direction = { shape: layer!.weightShape, data: new Float32Array(layer!.parameters) }
      direction.data[weight] = 1
      sum += (await hessian!.hessianProduct(new Map([[layer!.name, direction]]))).get(layer!.name)!.data[weight]!
    }
    const expected = trace[names.indexOf(layer!.name)]!
    expect(Math.abs(sum / expected - 1)).toBeLessThan(0.01)
  })
})

/** Said by block-influence of every layer of lenet-fashion. */
const unlike = 'reads and makes tensors of different shapes'

it.each(criteria)('$plugin.name leaves no tensor behind', async ({ plugin }) => {
  const model = await small('lenet-fashion', 3)
  const level = { perturbation: perturbations.find((its) => its.plugin.name === 'bit-flip')!.plugin, intensity: 0.01 }
  const score = (its: AnyCriterion) =>
    given(model, {}, (host) => scoreLayers(its, host.contexts({ name: 'test', version: 1 })(level)))
  // Opens the engine, where it is not open yet.
  await score(criterion('snip'))
  const before = tf.memory().numTensors
  const outcomes = await score(plugin)
  const failures = [...outcomes.values()].filter(({ reason }) => reason !== undefined && reason !== unlike)
  expect(failures).toEqual([])
  expect(tf.memory().numTensors).toBe(before)
})
