import { isDeepStrictEqual } from 'node:util'
import {
  type ActivationGradients,
  type Baseline,
  InputError,
  type Layer,
  type LayerActivations,
  type LogitObjective,
  ModelError,
  type Objective,
  type PathPoint,
  type Rng,
  rngFrom,
  sizeOf,
  tensor,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import { type Observed, type OnnxModel, openObserved, openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import type { Differentiable, Labelled } from '@loadbearing/tfjs'
import { type BenchModel, preprocess } from './model.ts'
import { protocol, stratifiedOrder } from './seeds.ts'

/** What the network is run for. */
export const passKinds = [
  'logits',
  'activations',
  'gradients',
  'exampleGradients',
  'activationGradients',
  'outputGradients',
  'outputMultipliers',
  'flowGradients',
  'hessianProducts',
  'perturbedForwards',
] as const

export type PassKind = (typeof passKinds)[number]

/** Calibration images in their stratified order, from one up to another, of a pass over the first `of`. */
export interface Batch {
  readonly start: number
  readonly end: number
  readonly of: number
  /** Where on a path every image is put; at the image itself by default. */
  readonly path?: PathPoint | undefined
}

/** Images of the calibration, or so many inputs of noise. */
export type Selection = Pick<Batch, 'start' | 'end'> | { readonly noise: number }

/** Runs one network on its calibration images, and counts the images. Engines open when they are first used. */
export interface NetworkPasses {
  readonly examples: number
  /** The true class of every image. */
  readonly labels: Int32Array
  /** Images that were run, by what for. */
  readonly run: Readonly<Record<PassKind, number>>
  readonly logits: (inputs: Selection) => Promise<Tensor>
  readonly activations: (batch: Batch) => Promise<ReadonlyMap<string, LayerActivations>>
  /** Of all layers; with `weights` in place of some layers' own, of these. */
  readonly gradients: (
    kind: 'gradients' | 'exampleGradients',
    batch: Batch,
    objective: Objective,
    weights?: TensorsByLayer,
  ) => Promise<TensorsByLayer>
  readonly activationGradients: (
    batch: Batch,
    objective: Objective,
    weights?: TensorsByLayer,
  ) => Promise<ReadonlyMap<string, ActivationGradients>>
  /** Where what the layer makes, and that alone, is put on the path. */
  readonly outputGradients: (batch: Batch, objective: Objective, layer: Layer, within: PathPoint) => Promise<Tensor>
  readonly outputMultipliers: (batch: Batch, objective: LogitObjective, baseline: Baseline) => Promise<TensorsByLayer>
  readonly flowGradients: () => Promise<TensorsByLayer>
  readonly hessianProduct: (batch: Batch, direction: TensorsByLayer) => Promise<TensorsByLayer>
  /** Logits with `weight` in place of the layer's own. */
  readonly perturbedForward: (inputs: Selection, layer: Layer, weight: Tensor) => Promise<Tensor>
  /** What runs it backward, with its version. */
  readonly backwardEngine: () => Promise<string>
  readonly release: () => Promise<void>
}

export async function openPasses(model: BenchModel): Promise<NetworkPasses> {
  const { onnx, preprocessing } = model
  const images = await model.images('calibration')
  const order = stratifiedOrder(images.labels, `${model.data}/calibration`)
  const labels = Int32Array.from(order, (index) => images.labels[index]!)
  const run = Object.fromEntries(passKinds.map((kind) => [kind, 0])) as Record<PassKind, number>
  let observed: Observed | undefined
  let suffixes: SuffixEngine | undefined
  let front: { readonly inputs: Selection; readonly logits: Tensor } | undefined
  let differentiable: Differentiable | undefined

  const imagesAt = async (indices: readonly number[]): Promise<Tensor> => {
    const examples = await preprocess(
      images,
      indices.map((index) => order[index]!),
      preprocessing,
    )
    // A gradient may hide it: behind a ReLU, what is not a number counts as zero.
    const wrong = examples.data.findIndex((value) => !Number.isFinite(value))
    if (wrong < 0) return examples
    const example = indices[Math.floor(wrong / (examples.data.length / indices.length))]!
    throw new InputError(
      `Calibration example ${order[example]! + 1} of ${model.data} holds a value that is not finite.`,
      {
        hint: 'Mend or remove it, or name other examples with --calibration.',
      },
    )
  }

  const baselines = async ({ start, end, of }: Batch, baseline: Baseline): Promise<Tensor> => {
    if (baseline !== 'zeros') return imagesAt(indicesOf({ start, end }).map((index) => (index + baseline.shift) % of))
    const shape = [end - start, ...onnx.input.shape]
    return { shape, data: new Float32Array(sizeOf(shape)) }
  }

  const examplesOf = async (batch: Batch): Promise<Tensor> => {
    const own = await imagesAt(indicesOf(batch))
    return batch.path ? between(await baselines(batch, batch.path.baseline), own, batch.path.alpha) : own
  }

  const inputsOf = (inputs: Selection): Promise<Tensor> | Tensor =>
    'noise' in inputs
      ? noise([inputs.noise, ...onnx.input.shape], rngFrom(protocol, 'noise', onnx.sha256))
      : imagesAt(indicesOf(inputs))

  /** The engine behind these inputs. */
  const advanced = async (inputs: Selection): Promise<{ engine: SuffixEngine; count: number; logits: Tensor }> => {
    suffixes ??= await openSuffixes(onnx)
    const count = 'noise' in inputs ? inputs.noise : inputs.end - inputs.start
    if (!front || !isDeepStrictEqual(front.inputs, inputs)) {
      run.logits += count
      front = { inputs, logits: await suffixes.advance(await inputsOf(inputs)) }
    }
    return { engine: suffixes, count, logits: front.logits }
  }

  const mixed = onnx.batch === 'open' ? onnx.layers.find((layer) => mixedAround(onnx, layer)) : undefined
  /** @throws ModelError naming a layer whose tensors hold examples and something else along one axis: nobody can tell whose is whose */
  const checkRows = (): void => {
    if (!mixed) return
    throw new ModelError(
      `What layer '${mixed.name}' of ${onnx.name} reads or makes has no axis for the examples alone, so that activations cannot be told apart by example.`,
      {
        hint: 'Export the model without folding its batch into another axis; criteria without activations can rank it.',
      },
    )
  }

  // Loaded where it is needed: most commands and criteria never go backward, and it takes a third of all there is to load.
  const open = async (): Promise<Differentiable> =>
    (differentiable ??= await (await import('@loadbearing/tfjs')).openDifferentiable(onnx))

  const backward = async (kind: PassKind, batch: Batch): Promise<{ network: Differentiable; labelled: Labelled }> => {
    run[kind] += batch.end - batch.start
    const labelled = { examples: await examplesOf(batch), labels: labels.subarray(batch.start, batch.end) }
    return { network: await open(), labelled }
  }

  return {
    examples: order.length,
    labels,
    run,
    logits: async (inputs) => (await advanced(inputs)).logits,
    async activations(batch) {
      checkRows()
      observed ??= await openObserved(onnx)
      run.activations += batch.end - batch.start
      return observed.activations(await examplesOf(batch))
    },
    async gradients(kind, batch, objective, weights) {
      const { network, labelled } = await backward(kind, batch)
      const layers = weights && onnx.layers.filter(({ name }) => weights.has(name))
      return network.gradients(labelled, objective, layers, weights)
    },
    async activationGradients(batch, objective, weights) {
      checkRows()
      const { network, labelled } = await backward('activationGradients', batch)
      return network.activationGradients(labelled, objective, weights)
    },
    async outputGradients(batch, objective, layer, within) {
      checkRows()
      const { network, labelled } = await backward('outputGradients', batch)
      const from = { alpha: within.alpha, baseline: await baselines(batch, within.baseline) }
      return network.outputGradients(labelled, objective, layer, from)
    },
    async outputMultipliers(batch, objective, baseline) {
      checkRows()
      const { network, labelled } = await backward('outputMultipliers', batch)
      return network.outputMultipliers(labelled, objective, await baselines(batch, baseline))
    },
    async flowGradients() {
      const network = await open()
      run.flowGradients += 1
      return network.flowGradients()
    },
    async hessianProduct(batch, direction) {
      const { network, labelled } = await backward('hessianProducts', batch)
      return network.hessianProduct(labelled, direction)
    },
    async perturbedForward(inputs, layer, weight) {
      const { engine, count } = await advanced(inputs)
      run.perturbedForwards += count
      return engine.run(layer, weight)
    },
    async backwardEngine() {
      const { engine } = await open()
      return `${engine.name} ${engine.version}`
    },
    async release() {
      differentiable?.release()
      await observed?.release()
      await suffixes?.release()
    },
  }
}

const mixedAround = (onnx: OnnxModel, layer: Layer): boolean =>
  Object.values(onnx.tensorsAround(layer)).some((tensor) => onnx.batchAxis(tensor) === undefined)

function indicesOf({ start, end }: Pick<Batch, 'start' | 'end'>): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

/** baseline + alpha (example − baseline) */
function between(baseline: Tensor, { shape, data }: Tensor, alpha: number): Tensor {
  return { shape, data: data.map((value, i) => baseline.data[i]! + alpha * (value - baseline.data[i]!)) }
}

/** Independent standard normals, the same first ones for whatever length. */
function noise(shape: readonly number[], rng: Rng): Tensor {
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
  )
}
