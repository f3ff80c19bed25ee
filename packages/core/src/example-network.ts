import type { Capabilities, Inputs, LayerActivations } from './criterion.ts'
import {
  type Between,
  type ExampleGradients,
  forward,
  gradientsOf,
  hessianTimes,
  multipliersOf,
} from './example-gradients.ts'
import type { Baseline, GradientBatch, GradientOptions, PassOptions } from './gradients.ts'
import type { Layer } from './layer.ts'
import { definePerturbation, perturb } from './perturbation.ts'
import { randomSigns } from './random-signs.ts'
import { rngFrom } from './rng.ts'
import type { HostContext } from './scoring.ts'
import { tensor, type Tensor } from './tensor.ts'

/** The second layer makes as much as it reads, for criteria that compare the two. */
const widths = [6, 8, 8, 3]
const examples = 24

/** The layers of a fully connected network of three layers with ReLU between them, small enough to run in plain JavaScript. */
export const exampleLayers: readonly Layer[] = widths.slice(1).map((outputs, depth) => {
  const inputs = widths[depth]!
  return {
    name: `dense${depth + 1}.weight`,
    op: 'Gemm',
    nodes: [`dense${depth + 1}`],
    depth,
    weightShape: [outputs, inputs],
    outputAxis: 0,
    inputAxis: 1,
    groups: 1,
    parameters: outputs * inputs,
    macs: outputs * inputs,
    inputShape: [inputs],
    outputShape: [outputs],
  }
})

function normals(seed: string, shape: readonly number[], scale: number): Tensor {
  const rng = rngFrom('example-network', seed)
  return tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * rng.normal()),
  )
}

const weights = new Map(exampleLayers.map((layer) => [layer.name, normals(layer.name, layer.weightShape, 0.6)]))
const inputs = normals('inputs', [examples, widths[0]!], 1)

const scaling = definePerturbation({
  name: 'example-scaling',
  family: 'noise',
  version: 1,
  summary: 'Adds noise in proportion to each weight.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  target: 'weights',
  unit: 'share of the weight',
  intensities: [0.1, 0.2, 0.4, 0.8, 1.6],
  stochastic: true,
  apply: ({ shape, data }, intensity, { rng }) =>
    tensor(
      shape,
      data.map((w) => w * (1 + intensity * rng.normal())),
    ),
})

const inputOf = (n: number): number[] => [...inputs.data.subarray(n * widths[0]!, (n + 1) * widths[0]!)]

/** y[n, o] = Σ x[n, i] · w[o, i], followed by ReLU except in the last layer; x of [n, 6]. */
function run(x: Tensor, replaced?: { readonly layer: Layer; readonly weight: Tensor }): Map<string, LayerActivations> {
  const activations = new Map<string, LayerActivations>()
  const count = x.shape[0]!
  let input = x
  for (const layer of exampleLayers) {
    const weight = replaced?.layer.name === layer.name ? replaced.weight : weights.get(layer.name)!
    const [outs, ins] = [layer.weightShape[0]!, layer.weightShape[1]!]
    const data = new Float32Array(count * outs)
    for (let n = 0; n < count; n++) {
      for (let o = 0; o < outs; o++) {
        let sum = 0
        for (let i = 0; i < ins; i++) sum += input.data[n * ins + i]! * weight.data[o * ins + i]!
        data[n * outs + o] = sum
      }
    }
    const output = tensor([count, outs], data)
    activations.set(layer.name, { input, output })
    input =
      layer.depth === exampleLayers.length - 1
        ? output
        : tensor(
            output.shape,
            data.map((value) => Math.max(0, value)),
          )
  }
  return activations
}

const logitsOf = (activations: Map<string, LayerActivations>): Tensor =>
  activations.get(exampleLayers.at(-1)!.name)!.output

const labels = Int32Array.from({ length: examples }, (_, n) => {
  const row = logitsOf(run(inputs)).data.subarray(n * 3, n * 3 + 3)
  return row.indexOf(Math.max(...row))
})

function exampleGradients(n: number, options: GradientOptions = {}, between?: Between): ExampleGradients {
  const { objective = 'loss', weights: given } = options
  const all = exampleLayers.map(({ name }) => given?.get(name) ?? weights.get(name)!)
  const input = inputOn(n, options)
  const own = objective === 'divergence' ? forward([...weights.values()], input).makes.at(-1)! : []
  return gradientsOf(all, input, labels[n]!, objective, { between, own })
}

function baselineOf(n: number, baseline: Baseline, count = examples): number[] {
  if (baseline === 'zeros') return Array<number>(widths[0]!).fill(0)
  return inputOf((n + baseline.shift) % Math.min(count, examples))
}

/** An example, put where it belongs on the path. */
function inputOn(n: number, { examples: count, path }: PassOptions): number[] {
  if (!path) return inputOf(n)
  const from = baselineOf(n, path.baseline, count)
  return inputOf(n).map((value, i) => from[i]! + path.alpha * (value - from[i]!))
}

/** [count, 6] */
function examplesOf(
  { start = 0, count }: { readonly start?: number; readonly count: number },
  options: PassOptions = {},
): Tensor {
  return tensor([count, widths[0]!], Array.from({ length: count }, (_, i) => inputOn(start + i, options)).flat())
}

function inputsOf(asked: Inputs): Tensor {
  if (typeof asked === 'number') return examplesOf({ count: Math.min(asked, examples) })
  if ('noise' in asked) return normals('noise', [asked.noise, widths[0]!], 1)
  return examplesOf({ start: asked.from, count: Math.min(asked.count, examples - asked.from) })
}

/** The first `count` examples, in batches. */
function batchesOf(size: number, count = examples): { readonly start: number; readonly count: number }[] {
  const all = Math.min(count, examples)
  return Array.from({ length: Math.ceil(all / size) }, (_, batch) => ({
    start: batch * size,
    count: Math.min(size, all - batch * size),
  }))
}

/** Σ of vectors, as a weight of every layer. */
function weightsOf(vectors: readonly (readonly (readonly number[])[])[], factor: number): Map<string, Tensor> {
  return new Map(
    exampleLayers.map(({ name, weightShape }, l) => {
      const data = vectors[0]![l]!.map((_, i) => factor * vectors.reduce((sum, its) => sum + its[l]![i]!, 0))
      return [name, tensor(weightShape, data)]
    }),
  )
}

/** Those of the layers that are asked for; all by default. */
function only(layers: ReadonlyMap<string, unknown> | undefined, found: Map<string, Tensor>): Map<string, Tensor> {
  return new Map([...found].filter(([name]) => layers?.has(name) ?? true))
}

/** Vectors of one length as the rows of a tensor. */
function stacked(vectors: readonly (readonly number[])[]): Tensor {
  return tensor([vectors.length, vectors[0]!.length], vectors.flat())
}

/** @param size examples in a batch */
function exampleDerivatives(size: number): Capabilities['gradients'] & Pick<Capabilities['hessian'], 'hessianProduct'> {
  async function* batched<Of>(
    options: GradientOptions | undefined,
    made: (found: readonly ExampleGradients[]) => ReadonlyMap<string, Of>,
  ): AsyncIterable<GradientBatch<Of>> {
    for (const { start, count } of batchesOf(size, options?.examples)) {
      const found = Array.from({ length: count }, (_, i) => exampleGradients(start + i, options))
      yield { examples: count, gradients: made(found) }
    }
  }
  return {
    gradients: (options) =>
      batched(options, (found) => {
        const vectors = found.map((its) => its.weights)
        return only(options?.weights, weightsOf(vectors, 1 / found.length))
      }),
    async *exampleGradients(options) {
      for (const { start } of batchesOf(1, options?.examples)) {
        yield only(options?.weights, weightsOf([exampleGradients(start, options).weights], 1))
      }
    },
    activationGradients: (options) =>
      batched(options, (found) => {
        const rows = (of: 'inputs' | 'outputs', l: number): Tensor => stacked(found.map((its) => its[of][l]!))
        return new Map(
          exampleLayers.map(({ name }, l) => [name, { input: rows('inputs', l), output: rows('outputs', l) }]),
        )
      }),
    async *outputGradients({ depth }, within, options) {
      for (const { start, count } of batchesOf(size, options?.examples)) {
        const found = Array.from({ length: count }, (_, i) => {
          const from = baselineOf(start + i, within.baseline, options?.examples)
          const baseline = forward([...weights.values()], from).makes[depth]!
          return exampleGradients(start + i, options, { depth, alpha: within.alpha, baseline }).outputs[depth]!
        })
        yield stacked(found)
      }
    },
    async *outputMultipliers(baseline, { objective = 'true-logit', examples: all } = {}) {
      for (const { start, count } of batchesOf(size, all)) {
        const found = Array.from({ length: count }, (_, i) => {
          const n = start + i
          return multipliersOf([...weights.values()], inputOf(n), baselineOf(n, baseline, all), labels[n]!, objective)
        })
        yield new Map(exampleLayers.map(({ name }, l) => [name, stacked(found.map((its) => its[l]!))]))
      }
    },
    async flowGradients() {
      const magnitudes = [...weights.values()].map(({ shape, data }) => ({ shape, data: data.map(Math.abs) }))
      const ones = Array<number>(widths[0]!).fill(1)
      return weightsOf([gradientsOf(magnitudes, ones, 0, 'logit-sum').weights], 1)
    },
    async hessianProduct(direction, count = examples) {
      const along = exampleLayers.map(
        ({ name, weightShape, parameters }) => direction.get(name) ?? tensor(weightShape, new Float32Array(parameters)),
      )
      const products = batchesOf(1, count).map(({ start: n }) =>
        hessianTimes([...weights.values()], along, inputOf(n), labels[n]!),
      )
      return only(direction, weightsOf(products, 1 / products.length))
    },
  }
}

/**
 * Everything that a criterion can ask for, on the example network: what the conformance suite scores on.
 *
 * @param batch examples that a criterion is handed at once
 */
export function exampleHost(batch = examples): Required<HostContext> {
  const intensity = 0.8
  const { hessianProduct, ...gradients } = exampleDerivatives(batch)
  return {
    layers: exampleLayers,
    rng: rngFrom('example-network', 'criterion'),
    examples,
    identity: { model: 'example-network' },
    weights: { weights: (layer) => weights.get(layer.name)! },
    activations: {
      async *activations(options) {
        for (const its of batchesOf(batch, options?.examples)) yield run(examplesOf(its, options))
      },
    },
    labels: { labels },
    logits: { logits: async (asked = examples) => logitsOf(run(inputsOf(asked))) },
    gradients,
    hessian: {
      hessianProduct,
      signs: (draw) => randomSigns(exampleLayers, rngFrom('example-network', 'signs', draw)),
    },
    perturbation: {
      perturbation: scaling,
      intensity,
      perturbed: (layer, draw = 0) =>
        perturb(scaling, weights.get(layer.name)!, intensity, {
          rng: rngFrom('example-network', layer.name, draw),
          layer,
        }),
      once: async (key, compute) => compute(rngFrom('example-network', 'once', key)),
    },
    perturbedForward: {
      perturbedForward: async (layer, weight, asked) => logitsOf(run(inputsOf(asked), { layer, weight })),
    },
  }
}

/** Weights of the shapes that layers have: a convolution's, a depthwise convolution's, a matrix. */
export function exampleWeights(): [Tensor, ...Tensor[]] {
  return [normals('conv', [8, 4, 3, 3], 0.1), normals('depthwise', [6, 1, 3, 3], 0.4), normals('matrix', [16, 12], 1)]
}

/** A layer that a weight of this shape could belong to. */
export function layerOf({ shape, data }: Tensor): Layer {
  const groups = shape.length === 4 && shape[1] === 1 ? shape[0]! : 1
  const convolution = shape.length === 4
  return {
    name: 'example.weight',
    op: convolution ? 'Conv' : 'Gemm',
    nodes: ['example'],
    depth: 0,
    weightShape: shape,
    outputAxis: 0,
    inputAxis: 1,
    groups,
    parameters: data.length,
    macs: data.length * (convolution ? 64 : 1),
    inputShape: convolution ? [shape[1]! * groups, 8, 8] : [shape[1]!],
    outputShape: convolution ? [shape[0]!, 8, 8] : [shape[0]!],
  }
}

/** What a layer with this weight could make of one example. */
export function exampleActivation({ outputShape: shape }: Layer): Tensor {
  return normals('activation', shape, 2)
}

/** What a layer's weight could have been before training. */
export function exampleInitial({ weightShape: shape }: Layer): Tensor {
  return normals('initial', shape, 0.2)
}
