import {
  type AnyCriterion,
  type Capabilities,
  type HostContext,
  type Inputs,
  type Perturbation,
  perturb,
  PluginError,
  type Rng,
  rngFrom,
  sizeOf,
  tensor,
  type Tensor,
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
  const engines = new Set<string>()
  let forwards = 0
  let backwards = 0
  let examplesRun = 0
  let observed: Observed | undefined
  let engine: SuffixEngine | undefined
  let differentiable: Differentiable | undefined
  let taken: { readonly name: string; readonly logits: Tensor } | undefined

  const noiseOf = async (count: number): Promise<Tensor> => {
    const {
      shape: [, ...of],
    } = await preprocess(images, order.slice(0, 1), preprocessing)
    const shape = [count, ...of]
    const rng = rngFrom(protocol, 'noise', onnx.sha256)
    return tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    )
  }

  /** The engine with these inputs taken up, and how many they are. */
  const advanced = async (inputs: Inputs): Promise<{ engine: SuffixEngine; count: number; logits: Tensor }> => {
    engine ??= await openSuffixes(onnx)
    const isNoise = typeof inputs !== 'number' && 'noise' in inputs
    const { from, count: asked } = typeof inputs === 'number' || isNoise ? { from: 0, count: 0 } : inputs
    const end = Math.min(typeof inputs === 'number' ? inputs : from + asked, order.length)
    const count = isNoise ? inputs.noise : end - from
    const name = JSON.stringify(isNoise ? inputs : { from, end })
    if (taken?.name !== name) {
      engines.add(forwardEngine())
      forwards += count
      if (!isNoise) examplesRun = Math.max(examplesRun, end)
      const values = isNoise ? noiseOf(count) : preprocess(images, order.slice(from, end), preprocessing)
      taken = { name, logits: await engine.advance(await values) }
    }
    return { engine, count, logits: taken.logits }
  }

  /** The first `count` images, in batches, with how many passes each costs counted. */
  async function* batches(passes: { readonly backwards: number }, count = order.length): AsyncGenerator<Labelled> {
    const all = Math.min(count, order.length)
    for (let start = 0; start < all; start += batchSize) {
      const end = Math.min(start + batchSize, all)
      forwards += end - start
      backwards += passes.backwards * (end - start)
      examplesRun = Math.max(examplesRun, end)
      yield {
        examples: await preprocess(images, order.slice(start, end), preprocessing),
        labels: labels.subarray(start, end),
      }
    }
  }

  const activations: Capabilities['activations']['activations'] = async function* () {
    observed ??= await openObserved(onnx)
    engines.add(forwardEngine())
    for await (const { examples } of batches({ backwards: 0 })) yield await observed.activations(examples)
  }

  const differentiated = async (): Promise<Differentiable> => {
    differentiable ??= await openDifferentiable(onnx)
    engines.add(`${differentiable.engine.name} ${differentiable.engine.version}`)
    return differentiable
  }

  const gradients: Capabilities['gradients'] = {
    async *gradients({ objective = 'loss', examples } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, examples)) {
        yield { examples: batch.labels.length, gradients: await network.gradients(batch, objective) }
      }
    },
    async *exampleGradients({ objective = 'loss', examples } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, examples)) {
        yield* network.exampleGradients(batch, objective)
      }
    },
    async *activationGradients({ objective = 'loss', examples } = {}) {
      const network = await differentiated()
      for await (const batch of batches({ backwards: 1 }, examples)) {
        yield { examples: batch.labels.length, gradients: await network.activationGradients(batch, objective) }
      }
    },
  }

  const hessianProduct: Capabilities['hessian']['hessianProduct'] = async (direction, count = order.length) => {
    const network = await differentiated()
    const all = Math.min(count, order.length)
    const sums = new Map<string, Float64Array>()
    for await (const batch of batches({ backwards: 2 }, all)) {
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
      logits: { logits: async (inputs = order.length) => (await advanced(inputs)).logits },
      gradients,
      hessian: { hessianProduct },
      perturbedForward: {
        perturbedForward: async (layer, weight, inputs) => {
          const { engine: behind, count } = await advanced(inputs)
          forwards += count
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
