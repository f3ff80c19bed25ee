import { readFileSync } from 'node:fs'
import {
  type AnyCriterion,
  type GradientBatch,
  type PathPoint,
  scoreLayers,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import type { Host } from '../src/host.ts'
import { criteria, perturbations } from '../src/registry.generated.ts'
import { examples, expectClose, given, small } from './drawn-images.ts'
import { alone, contextOf, offerOf } from './context-of.ts'

const exact = [
  'fisher',
  'fisher-mean',
  'fisher-pruning',
  'gradient-activation',
  'gradient-norm',
  'grasp',
  'grasp-mean',
  'jacobian-covariance',
  'logit-gradient-norm',
  'snip',
  'snip-mean',
  'synflow',
  'synflow-mean',
  'taylor',
  'taylor-mean',
  'taylor-filters',
] as const

interface Reference extends Readonly<Record<(typeof exact)[number] | 'trace', readonly number[]>> {
  readonly model: string
  readonly layers: readonly string[]
}

type FlowReference = Pick<Reference, 'model' | 'layers' | 'synflow' | 'synflow-mean'>

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
const references = fixture('gradient-criteria') as readonly Reference[]
const flowReferences = fixture('flow-criteria') as readonly FlowReference[]
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
        const { gradients, hessian, layers } = contextOf(host)
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
      const { gradients, activations, labels } = contextOf(host)
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

  it('are on a path from zeros, or from the example so many places on, whatever the batch', async () => {
    const model = await small('lenet-fashion')
    const seen = (batch: number, baseline: PathPoint['baseline'], alpha = 0.25) =>
      given(model, { batch }, async (host) => {
        const { activations, gradients, layers } = contextOf(host)
        const point = { alpha, baseline }
        const found = { read: [] as number[], around: [] as number[], within: [] as number[] }
        for await (const its of activations!.activations({ path: point, examples: 7 })) {
          found.read.push(...its.get(layers[0]!.name)!.input.data)
        }
        for await (const its of gradients!.activationGradients({ path: point, examples: 7 })) {
          found.around.push(...its.gradients.get(layers[1]!.name)!.output.data)
        }
        for await (const { data } of gradients!.outputGradients(layers[1]!, point, { examples: 7 })) {
          found.within.push(...data)
        }
        return found
      })
    const { read: own } = await seen(5, 'zeros', 1)
    for (const baseline of ['zeros', { shift: 3 }] as const) {
      const [whole, parts] = [await seen(12, baseline), await seen(5, baseline)]
      const shift = baseline === 'zeros' ? 0 : baseline.shift
      // The first example is that after the seventh.
      const from = (i: number): number => (shift === 0 ? 0 : own[(i + shift * 784) % (7 * 784)]!)
      expectClose(
        whole.read,
        own.map((value, i) => 0.25 * value + 0.75 * from(i)),
      )
      expectClose(parts.read, whole.read)
      expectClose(parts.around, whole.around)
      expectClose(parts.within, whole.within)
      // The second layer of a chain: where it alone is on the path, it is not what it is where all in front of it is.
      expect(Math.hypot(...whole.within.map((value, i) => value - whole.around[i]!))).toBeGreaterThan(1e-3)
    }
  })

  it('are counted by the image, and say what ran', async () => {
    await given(await small('lenet-fashion'), { batch: 5 }, async (host) => {
      const { context, effort } = offerOf(host)
      const { gradients, hessian, layers, logits } = context(alone)
      expect(effort()).toEqual({ forwards: 0, backwards: 0, examples: 0, engine: null })
      const spend = async (batches: AsyncIterable<unknown>): Promise<void> => {
        for await (const _ of batches);
      }
      await spend(gradients!.gradients({ examples: 7 }))
      expect(effort()).toMatchObject({ forwards: 7, backwards: 7, examples: 7 })
      await spend(gradients!.exampleGradients({ examples: 3 }))
      await spend(gradients!.activationGradients({ examples: 100 }))
      expect(effort()).toMatchObject({ forwards: 22, backwards: 22, examples: 12 })
      const direction = { shape: layers[0]!.weightShape, data: new Float32Array(layers[0]!.parameters) }
      await hessian!.hessianProduct(new Map([[layers[0]!.name, direction]]), 4)
      expect(effort()).toMatchObject({ forwards: 26, backwards: 30 })
      // The baseline goes forward, too; a flow is one pass of one input.
      await spend(gradients!.outputGradients(layers[1]!, { alpha: 0.5, baseline: 'zeros' }, { examples: 5 }))
      await gradients!.flowGradients()
      expect(effort()).toMatchObject({ forwards: 37, backwards: 36 })
      const engine = process.env.LOADBEARING_ENGINE ?? 'tfjs-(node|wasm)'
      expect(effort().engine).toMatch(new RegExp(`^${engine} \\d+\\.\\d+\\.\\d+[^,]*$`))
      await logits!.logits(2)
      expect(effort().engine).toMatch(new RegExp(`^${engine} [^,]*, onnxruntime-node \\d`))
    })
  })

  it('of a network that cannot be differentiated are a reason for every layer', async () => {
    const model = await small('lenet-fashion')
    const fixed = { ...model, onnx: { ...model.onnx, batch: 4 } }
    await given(fixed, {}, async (host) => {
      const { context, effort } = offerOf(host)
      const outcomes = await scoreLayers(criterion('fisher'), context(alone))
      const reason = 'lenet-fashion takes 4 examples at a time; gradients need any number.'
      expect([...outcomes.values()]).toEqual(Array(5).fill({ reason }))
      expect(effort().engine).toBe(null)
    })
  })
})

/** Layer by layer: the largest score must not hide the others. */
async function expectAgreed(
  host: Host,
  name: string,
  layers: readonly string[],
  expected: readonly number[],
): Promise<void> {
  const outcomes = await scoreLayers(criterion(name), contextOf(host))
  for (const [i, layer] of layers.entries()) {
    expect((outcomes.get(layer)?.value ?? NaN) / expected[i]!, `${name} of ${layer}`).toBeCloseTo(1, 3)
  }
}

describe('criteria of gradients agree with PyTorch (tools/reference/gradient_criteria.py)', () => {
  it.each(references)('on $model', async ({ model: name, layers, ...expected }) => {
    await given(await small(name), { batch: 5 }, async (host) => {
      const scored = async (plugin: AnyCriterion, options = {}) => {
        const outcomes = await scoreLayers(plugin, contextOf(host), options)
        return layers.map((layer) => outcomes.get(layer)!)
      }
      for (const its of exact) await expectAgreed(host, its, layers, expected[its])
      const traces = await scored(criterion('hutchinson-trace'), { draws: 24 })
      traces.forEach((outcome, i) => {
        if (outcome.value === undefined) throw new Error(outcome.reason)
        expect(Math.abs(outcome.value - expected.trace[i]!)).toBeLessThan(4 * outcome.standardError!)
      })
    })
  })

  it.each(flowReferences)('on $model, where flows are negative', async ({ model: name, layers, ...expected }) => {
    await given(await small(name), {}, async (host) => {
      for (const its of ['synflow', 'synflow-mean'] as const) await expectAgreed(host, its, layers, expected[its])
    })
  })
})

it('adds up to the trace that PyTorch has within 1 %, unit vector by unit vector', async () => {
  const { layers: names, trace } = references.find(({ model: name }) => name === 'resnet8-fashion')!
  await given(await small('resnet8-fashion'), { batch: 12 }, async (host) => {
    const { hessian, layers } = contextOf(host)
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
  const score = (its: AnyCriterion) => {
    const few = 'draws' in its.options.shape ? { draws: 8 } : {}
    return given(model, {}, (host) => scoreLayers(its, contextOf(host, level), few))
  }
  // Opens the engine, where it is not open yet.
  await score(criterion('snip'))
  const before = tf.memory().numTensors
  const outcomes = await score(plugin)
  const failures = [...outcomes.values()].filter(({ reason }) => reason !== undefined && reason !== unlike)
  expect(failures).toEqual([])
  expect(tf.memory().numTensors).toBe(before)
})
