import type { ActivationGradients, Layer, LayerActivations, Objective, Tensor, TensorsByLayer } from '@loadbearing/core'
import { type Observed, openObserved, openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { type Differentiable, type Labelled, openDifferentiable } from '@loadbearing/tfjs'
import { type BenchModel, preprocess } from './model.ts'
import { stratifiedOrder } from './seeds.ts'

/** What the network is run for. */
export const passKinds = [
  'logits',
  'activations',
  'gradients',
  'exampleGradients',
  'activationGradients',
  'hessianProducts',
  'perturbedForwards',
] as const

export type PassKind = (typeof passKinds)[number]

/** Calibration images in their stratified order, from one up to another. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Runs one network on its calibration images, and counts the images. Engines open when they are first used. */
export interface NetworkPasses {
  readonly examples: number
  /** The true class of every image. */
  readonly labels: Int32Array
  /** Images that were run, by what for. */
  readonly run: Readonly<Record<PassKind, number>>
  /** Of the first `count` images: [count, classes]. */
  readonly logits: (count: number) => Promise<Tensor>
  readonly activations: (range: Range) => Promise<ReadonlyMap<string, LayerActivations>>
  readonly gradients: (range: Range, objective: Objective) => Promise<TensorsByLayer>
  readonly activationGradients: (
    range: Range,
    objective: Objective,
  ) => Promise<ReadonlyMap<string, ActivationGradients>>
  readonly hessianProduct: (range: Range, direction: TensorsByLayer) => Promise<TensorsByLayer>
  /** Logits of the first `count` images with `weight` in place of the layer's own. */
  readonly perturbedForward: (count: number, layer: Layer, weight: Tensor) => Promise<Tensor>
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
  let front: { readonly examples: number; readonly logits: Tensor } | undefined
  let differentiable: Differentiable | undefined

  const examplesOf = ({ start, end }: Range): Promise<Tensor> =>
    preprocess(images, order.slice(start, end), preprocessing)

  /** The engine behind the first `count` images. */
  const advanced = async (count: number): Promise<{ engine: SuffixEngine; logits: Tensor }> => {
    suffixes ??= await openSuffixes(onnx)
    if (front?.examples !== count) {
      run.logits += count
      front = { examples: count, logits: await suffixes.advance(await examplesOf({ start: 0, end: count })) }
    }
    return { engine: suffixes, logits: front.logits }
  }

  const open = async (): Promise<Differentiable> => (differentiable ??= await openDifferentiable(onnx))

  const backward = async (kind: PassKind, range: Range): Promise<{ network: Differentiable; batch: Labelled }> => {
    run[kind] += range.end - range.start
    const batch = { examples: await examplesOf(range), labels: labels.subarray(range.start, range.end) }
    return { network: await open(), batch }
  }

  return {
    examples: order.length,
    labels,
    run,
    logits: async (count) => (await advanced(count)).logits,
    async activations(range) {
      observed ??= await openObserved(onnx)
      run.activations += range.end - range.start
      return observed.activations(await examplesOf(range))
    },
    async gradients(range, objective) {
      const { network, batch } = await backward(range.end - range.start === 1 ? 'exampleGradients' : 'gradients', range)
      return network.gradients(batch, objective)
    },
    async activationGradients(range, objective) {
      const { network, batch } = await backward('activationGradients', range)
      return network.activationGradients(batch, objective)
    },
    async hessianProduct(range, direction) {
      const { network, batch } = await backward('hessianProducts', range)
      return network.hessianProduct(batch, direction)
    },
    async perturbedForward(count, layer, weight) {
      const { engine } = await advanced(count)
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
