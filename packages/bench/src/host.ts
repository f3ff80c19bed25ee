import {
  type AnyCriterion,
  type Capabilities,
  type HostContext,
  type Layer,
  type PassOptions,
  type PathPoint,
  type Perturbation,
  perturb,
  PluginError,
  type Rng,
  rngFrom,
  sizeOf,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import { type Observed, openObserved, openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { type Differentiable, type Labelled, openDifferentiable } from '@loadbearing/tfjs'
import { forwardEngine } from './cost.ts'
import { type BenchModel, preprocess } from './model.ts'
import { criterionStream, protocol, stratifiedOrder } from './seeds.ts'

/** The perturbation and level that a perturbation-aware criterion is scored for. */
export interface Level {
  readonly perturbation: Perturbation
  readonly intensity: number
}

/** Offers a criterion what it may ask for about one model, on calibration images alone, and counts what it takes. */
export interface Host {
  /** What one criterion is given: once, or at one level after the other. */
  readonly contexts: (criterion: Pick<AnyCriterion, 'name' | 'version'>) => (level?: Level) => HostContext
  /** Forward passes of one image so far, through the whole network or what lies behind a layer. */
  readonly forwards: () => number
  /** Backward passes of one image so far. A Hessian product takes two of every image: back, and back through both passes. */
  readonly backwards: () => number
  /** Different images that were run. */
  readonly examples: () => number
  /** What has run the network so far, with versions; null where nothing did. */
  readonly engine: () => string | null
  readonly release: () => Promise<void>
}

export interface HostOptions {
  /** Every layer's weight before training, for perturbations that need it. */
  readonly initial?: ReadonlyMap<string, Tensor> | undefined
  /** Images that an engine is given at once, 64 by default; those of `logits` and of a probe, whose fronts are kept, are given together. */
  readonly batch?: number | undefined
}

/** Sessions open when they are first asked for, so that a criterion pays for what it uses. */
export async function openHost(
  model: BenchModel,
  { initial = new Map(), batch: batchSize = 64 }: HostOptions = {},
): Promise<Host> {
  const { onnx, preprocessing } = model
  const images = await model.images('calibration')
  const order = stratifiedOrder(images.labels, `${model.data}/calibration`)
  const labels = Int32Array.from(order, (index) => images.labels[index]!)
  const imagesOf = (indices: readonly number[]): Promise<Tensor> => preprocess(images, indices, preprocessing)
  const engines = new Set<string>()
  let forwards = 0
  let backwards = 0
  let examplesRun = 0
  let observed: Observed | undefined
  let engine: SuffixEngine | undefined
  let differentiable: Differentiable | undefined
  let taken: { readonly examples: number; readonly logits: Tensor } | undefined

  /** The engine with the first `examples` images taken up. */
  const advanced = async (examples: number): Promise<{ engine: SuffixEngine; logits: Tensor }> => {
    engine ??= await openSuffixes(onnx)
    if (taken?.examples !== examples) {
      engines.add(forwardEngine())
      forwards += examples
      examplesRun = Math.max(examplesRun, examples)
      taken = { examples, logits: await engine.advance(await imagesOf(order.slice(0, examples))) }
    }
    return { engine, logits: taken.logits }
  }

  /** What the path leads from for the images from `start` to `end`, of the first `all`. */
  const baselines = async ({ baseline }: PathPoint, start: number, end: number, all: number): Promise<Tensor> => {
    if (baseline !== 'zeros') {
      return imagesOf(Array.from({ length: end - start }, (_, i) => order[(start + i + baseline.shift) % all]!))
    }
    const shape = [end - start, ...onnx.input.shape]
    return { shape, data: new Float32Array(sizeOf(shape)) }
  }

  interface Batch extends Labelled {
    readonly baselines: (point: PathPoint) => Promise<Tensor>
  }

  /** The first images, in batches, with how many passes each costs counted. */
  async function* batches(
    passes: { readonly forwards?: number; readonly backwards: number },
    { examples: count = order.length, path }: PassOptions = {},
  ): AsyncGenerator<Batch> {
    const all = Math.min(count, order.length)
    for (let start = 0; start < all; start += batchSize) {
      const end = Math.min(start + batchSize, all)
      forwards += (passes.forwards ?? 1) * (end - start)
      backwards += passes.backwards * (end - start)
      examplesRun = Math.max(examplesRun, end)
      const own = await imagesOf(order.slice(start, end))
      const from = (point: PathPoint): Promise<Tensor> => baselines(point, start, end, all)
      yield {
        examples: path ? between(await from(path), own, path.alpha) : own,
        labels: labels.subarray(start, end),
        baselines: from,
      }
    }
  }

  const activations: Capabilities['activations']['activations'] = async function* (options) {
    observed ??= await openObserved(onnx)
    engines.add(forwardEngine())
    for await (const { examples } of batches({ backwards: 0 }, options)) yield await observed.activations(examples)
  }

  const differentiated = async (): Promise<Differentiable> => {
    differentiable ??= await openDifferentiable(onnx)
    engines.add(`${differentiable.engine.name} ${differentiable.engine.version}`)
    return differentiable
  }

  const layersOf = (weights: TensorsByLayer | undefined): readonly Layer[] | undefined =>
    weights && onnx.layers.filter(({ name }) => weights.has(name))

  const gradients: Capabilities['gradients'] = {
    async *gradients({ objective = 'loss', weights, ...pass } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, pass)) {
        const found = await network.gradients(batch, objective, layersOf(weights), weights)
        yield { examples: batch.labels.length, gradients: found }
      }
    },
    async *exampleGradients({ objective = 'loss', weights, ...pass } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, pass)) {
        yield* network.exampleGradients(batch, objective, layersOf(weights), weights)
      }
    },
    async *activationGradients({ objective = 'loss', weights, ...pass } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, pass)) {
        const found = await network.activationGradients(batch, objective, weights)
        yield { examples: batch.labels.length, gradients: found }
      }
    },
    async *outputGradients(layer, within, { objective = 'loss', ...pass } = {}) {
      const network = await differentiated()
      // The baseline goes forward, too.
      for await (const batch of batches({ forwards: 2, backwards: 1 }, pass)) {
        const point = { alpha: within.alpha, baseline: await batch.baselines(within) }
        yield await network.outputGradients(batch, objective, layer, point)
      }
    },
    async flowGradients() {
      const network = await differentiated()
      forwards += 1
      backwards += 1
      return network.flowGradients()
    },
  }

  const hessianProduct: Capabilities['hessian']['hessianProduct'] = async (direction, count = order.length) => {
    const network = await differentiated()
    const all = Math.min(count, order.length)
    const sums = new Map<string, Float64Array>()
    for await (const batch of batches({ backwards: 2 }, { examples: all })) {
      for (const [layer, { data }] of await network.hessianProduct(batch, direction)) {
        const sum = sums.get(layer) ?? new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) sum[i]! += (batch.labels.length / all) * data[i]!
        sums.set(layer, sum)
      }
    }
    return new Map(
      [...sums].map(([layer, sum]) => [layer, { shape: direction.get(layer)!.shape, data: Float32Array.from(sum) }]),
    )
  }

  const contexts: Host['contexts'] = ({ name, version }) => {
    const streamOf = (...names: readonly (string | number)[]): Rng =>
      rngFrom(protocol, 'criterion', onnx.sha256, name, version, ...names)
    const remembered = new Map<string, unknown>()
    const once = async <T>(key: string, compute: (rng: Rng) => T | Promise<T>): Promise<T> => {
      if (!remembered.has(key)) remembered.set(key, compute(streamOf('once', key)))
      return remembered.get(key) as T | Promise<T>
    }
    return (level) => ({
      layers: onnx.layers,
      rng: level ? streamOf(level.perturbation.name, level.perturbation.version, level.intensity) : streamOf(),
      examples: order.length,
      identity: { model: onnx.sha256 },
      weights: { weights: onnx.weight },
      activations: { activations },
      labels: { labels },
      logits: { logits: async (examples = order.length) => (await advanced(Math.min(examples, order.length))).logits },
      gradients,
      hessian: { hessianProduct },
      perturbedForward: {
        perturbedForward: async (layer, weight, examples) => {
          const { engine: behind } = await advanced(Math.min(examples, order.length))
          forwards += Math.min(examples, order.length)
          return behind.run(layer, weight)
        },
      },
      ...(level && {
        perturbation: {
          ...level,
          perturbed: (layer, draw = 0) => {
            const { perturbation, intensity } = level
            if (perturbation.target !== 'weights') {
              throw new PluginError(`${perturbation.name} perturbs activations: it leaves the weights as they are.`)
            }
            const rng = criterionStream({ model: onnx.sha256, layer, ...level }, draw)
            return perturb(perturbation, onnx.weight(layer), intensity, {
              rng,
              layer,
              initial: initial.get(layer.name),
            })
          },
          once,
        },
      }),
    })
  }

  return {
    contexts,
    forwards: () => forwards,
    backwards: () => backwards,
    examples: () => examplesRun,
    engine: () => (engines.size === 0 ? null : [...engines].join(', ')),
    async release() {
      differentiable?.release()
      await observed?.release()
      await engine?.release()
    },
  }
}

/** baseline + alpha (example − baseline) */
function between(baseline: Tensor, { shape, data }: Tensor, alpha: number): Tensor {
  return { shape, data: data.map((value, i) => baseline.data[i]! + alpha * (value - baseline.data[i]!)) }
}
