import {
  type Capabilities,
  type HostContext,
  type Perturbation,
  perturb,
  PluginError,
  rngFrom,
  type Tensor,
} from '@loadbearing/core'
import { type Observed, openObserved, openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { type BenchModel, preprocess } from './model.ts'
import { criterionStream, protocol, stratifiedOrder } from './seeds.ts'

/** The perturbation and level that a perturbation-aware criterion is scored for. */
export interface Level {
  readonly perturbation: Perturbation
  readonly intensity: number
}

/** Images whose activations a criterion is handed at once. */
const batchSize = 64

/** Offers a criterion what it may ask for about one model, on calibration images alone, and counts what it takes. */
export interface Host {
  /** @param stream names the criterion's random numbers */
  readonly context: (stream: readonly (string | number)[], level?: Level) => HostContext
  /** Forward passes of one image so far, through the whole network or what lies behind a layer. */
  readonly forwards: () => number
  /** Different images that were run. */
  readonly examples: () => number
  readonly release: () => Promise<void>
}

/**
 * Sessions open when they are first asked for, so that a criterion pays for what it uses.
 *
 * @param initial every layer's weight before training, for perturbations that need it
 */
export async function openHost(model: BenchModel, initial: ReadonlyMap<string, Tensor> = new Map()): Promise<Host> {
  const { onnx, preprocessing } = model
  const images = await model.images('calibration')
  const order = stratifiedOrder(images.labels, `${model.data}/calibration`)
  const first = (examples: number): Promise<Tensor> => preprocess(images, order.slice(0, examples), preprocessing)
  let forwards = 0
  let examplesRun = 0
  let observed: Observed | undefined
  let engine: SuffixEngine | undefined
  let taken: { readonly examples: number; readonly logits: Tensor } | undefined

  /** The engine with the first `examples` images taken up. */
  const advanced = async (examples: number): Promise<{ engine: SuffixEngine; logits: Tensor }> => {
    engine ??= await openSuffixes(onnx)
    if (taken?.examples !== examples) {
      forwards += examples
      examplesRun = Math.max(examplesRun, examples)
      taken = { examples, logits: await engine.advance(await first(examples)) }
    }
    return { engine, logits: taken.logits }
  }

  const activations: Capabilities['activations']['activations'] = async function* () {
    observed ??= await openObserved(onnx)
    for (let start = 0; start < order.length; start += batchSize) {
      const batch = order.slice(start, start + batchSize)
      forwards += batch.length
      examplesRun = Math.max(examplesRun, start + batch.length)
      yield await observed.activations(await preprocess(images, batch, preprocessing))
    }
  }

  return {
    context: (stream, level) => ({
      layers: onnx.layers,
      rng: rngFrom(protocol, 'criterion', onnx.sha256, ...stream),
      examples: order.length,
      weights: { weights: onnx.weight },
      activations: { activations },
      labels: { labels: Int32Array.from(order, (index) => images.labels[index]!) },
      logits: { logits: async (examples = order.length) => (await advanced(Math.min(examples, order.length))).logits },
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
        },
      }),
    }),
    forwards: () => forwards,
    examples: () => examplesRun,
    async release() {
      await observed?.release()
      await engine?.release()
    },
  }
}
