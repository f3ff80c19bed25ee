import {
  type CriterionContext,
  type Layer,
  type LayerActivations,
  ModelError,
  sizeOf,
  type Tensor,
  type Unscored,
} from '@loadbearing/core'
import { linearResponse } from './linear-response.ts'
import { type LikelyClasses, likelyClasses, outputFisher, weightDerivatives } from './logit-derivatives.ts'
import { applied, rowsOf, type SampledPlaces, samplePlaces, spreadOf } from './sampled-places.ts'

/** What the features are made from: no labels, and no forward pass with perturbed weights. */
export const featureNeeds = ['weights', 'activations', 'logits', 'gradients', 'perturbation'] as const

export type FeatureContext = CriterionContext<(typeof featureNeeds)[number]>

/**
 * What is told of a layer at a level, in the order of the generated coefficients. ΔW is what the perturbation adds to the weights, Δy
 * what ΔW alone makes of the unperturbed inputs at a few places of each example, F the Fisher information (the variance of the logits'
 * derivatives over the network's own class probabilities, a mean over examples):
 *
 * - fisher: Σ_w F_w ΔW_w², twice the divergence that independent errors of the weights make to second order
 * - fit: mean_w F_w · ‖ΔW‖², the same from means alone
 * - bounded-kl, flips: the ground truth's bounded divergence, and changed classes, with logits that are linear in the weights
 * - output-fisher: Σ_y F_y Δy², as fisher, of the layer's outputs
 * - gain: Σ_y F_y · E‖y‖², what an error as large as the outputs themselves would do
 * - relative-error: ‖ΔW‖² / ‖W‖²
 * - output-error: E‖Δy‖² / E‖y‖²
 */
export const featureNames = [
  'fisher',
  'fit',
  'bounded-kl',
  'flips',
  'output-fisher',
  'gain',
  'relative-error',
  'output-error',
] as const

export type FeatureName = (typeof featureNames)[number]
export type LayerFeatures = Readonly<Record<FeatureName, number>>

export interface FeatureOptions {
  /** Calibration examples, at most. */
  readonly examples: number
  /** Places of an example at which a layer is looked at, at most. */
  readonly places: number
  /** Classes whose logits are differentiated, at most: the likeliest. */
  readonly classes: number
  /** Draws of a stochastic perturbation. */
  readonly draws: number
  /** Memory that the derivatives may take, in MiB: fewer examples are looked at where they need more. */
  readonly memory: number
}

/** What no level changes. */
interface Remembered {
  readonly likely: LikelyClasses
  /** By layer: [class][example] */
  readonly derivatives: ReadonlyMap<string, Float32Array[][]>
  /** By layer, of every weight. */
  readonly weightFisher: ReadonlyMap<string, Float64Array>
  /** By layer; without those whose reading could not be told. */
  readonly places: ReadonlyMap<string, SampledPlaces>
  /** By layer, at those places. */
  readonly outputFisher: ReadonlyMap<string, Float64Array[]>
}

/**
 * The features of every layer at the level of the context, a mean over draws; or why a layer has none.
 *
 * @throws ModelError where the derivatives of a single example take more memory than they may
 */
export async function featuresOf(
  context: FeatureContext,
  options: FeatureOptions,
): Promise<ReadonlyMap<string, LayerFeatures | Unscored>> {
  const remembered = await context.once('derivatives', () => remember(context, options))
  return new Map(context.layers.map((layer) => [layer.name, ofLayer(layer, context, remembered, options.draws)]))
}

async function remember(context: FeatureContext, options: FeatureOptions): Promise<Remembered> {
  const { layers, weights } = context
  const examples = affordable(layers, options)
  const likely = await likelyClasses(context, examples, options.classes)
  const activations = await firstActivations(context, examples)
  const places = new Map<string, SampledPlaces>()
  for (const layer of layers) {
    const found = samplePlaces(layer, weights(layer), activations.get(layer.name)!, examples, options.places)
    if (found) places.set(layer.name, found)
  }
  const derivatives = await weightDerivatives(context, likely.classes, examples)
  const weightFisher = new Map([...derivatives].map(([name, its]) => [name, fisherDiagonal(its, likely.probabilities)]))
  return { likely, derivatives, weightFisher, places, outputFisher: await outputFisher(context, likely, places) }
}

const bytesOfMiB = 2 ** 20

function affordable(layers: readonly Layer[], { examples, classes, memory }: FeatureOptions): number {
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0)
  const most = Math.floor((memory * bytesOfMiB) / (classes * parameters * Float32Array.BYTES_PER_ELEMENT))
  if (most >= 1) return Math.min(examples, most)
  throw new ModelError(`The derivatives of ${classes} logits of one example take more than ${memory} MiB.`, {
    hint: 'Raise the option memory, or lower classes.',
  })
}

/** What every layer read and made of the first examples, in however many batches they come. */
async function firstActivations(
  { activations }: FeatureContext,
  examples: number,
): Promise<ReadonlyMap<string, LayerActivations>> {
  const batches: ReadonlyMap<string, LayerActivations>[] = []
  let seen = 0
  for await (const batch of activations()) {
    batches.push(batch)
    seen += [...batch.values()][0]?.output.shape[0] ?? 0
    if (seen >= examples) break
  }
  const joined = (name: string, side: keyof LayerActivations): Tensor => join(batches.map((of) => of.get(name)![side]))
  return new Map(
    [...(batches[0] ?? [])].map(([name]) => [name, { input: joined(name, 'input'), output: joined(name, 'output') }]),
  )
}

function join(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]!
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0))
  let start = 0
  for (const part of parts) {
    data.set(part.data, start)
    start += part.data.length
  }
  return { shape: [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), ...parts[0]!.shape.slice(1)], data }
}

function fisherDiagonal(
  derivatives: readonly (readonly Float32Array[])[],
  probabilities: readonly Float64Array[],
): Float64Array {
  const diagonal = new Float64Array(derivatives[0]![0]!.length)
  probabilities.forEach((p, n) => {
    const its = derivatives.map((of) => of[n]!)
    for (let i = 0; i < diagonal.length; i++) {
      let [mean, square] = [0, 0]
      for (let k = 0; k < p.length; k++) {
        const derivative = its[k]![i]!
        mean += p[k]! * derivative
        square += p[k]! * derivative * derivative
      }
      diagonal[i]! += Math.max(0, square - mean * mean) / probabilities.length
    }
  })
  return diagonal
}

function ofLayer(
  layer: Layer,
  context: FeatureContext,
  remembered: Remembered,
  draws: number,
): LayerFeatures | Unscored {
  const places = remembered.places.get(layer.name)
  if (!places) return { reason: 'what the layer reads at a place could not be told from its shapes' }
  const count = context.perturbation.stochastic ? draws : 1
  const all = Array.from({ length: count }, (_, draw) => ofDraw(layer, context, remembered, places, draw))
  const means = featureNames.map((name) => [name, all.reduce((sum, its) => sum + its[name], 0) / count] as const)
  const wrong = means.find(([, value]) => !Number.isFinite(value))
  if (wrong) return { reason: `${wrong[0]} is ${wrong[1]}` }
  return Object.fromEntries(means) as LayerFeatures
}

function ofDraw(
  layer: Layer,
  { weights, perturbed }: FeatureContext,
  { likely, derivatives, weightFisher, outputFisher: fishers }: Remembered,
  places: SampledPlaces,
  draw: number,
): LayerFeatures {
  const { shape, data } = weights(layer)
  const moved = perturbed(layer, draw).data
  const change = data.map((weight, i) => moved[i]! - weight)
  const diagonal = weightFisher.get(layer.name)!
  let [error, power, fisher, trace] = [0, 0, 0, 0]
  for (let i = 0; i < change.length; i++) {
    error += change[i]! ** 2
    power += data[i]! ** 2
    fisher += diagonal[i]! * change[i]! ** 2
    trace += diagonal[i]!
  }
  const response = linearResponse(likely, derivatives.get(layer.name)!, change)

  const moves = applied(rowsOf(layer, { shape, data: change }), layer.groups, places.reads)
  const madePower = total(spreadOf(places.made).power)
  let [outputFisher, outputTrace] = [0, 0]
  fishers.get(layer.name)!.forEach((at, s) => {
    at.forEach((value, o) => {
      outputFisher += value * moves[s]![o]! ** 2
      outputTrace += value
    })
  })
  // From the places that were looked at to all of an example.
  const perExample = sizeOf(layer.outputShape) / (madeChannels(places) * places.made.length)
  return {
    fisher,
    fit: (trace / change.length) * error,
    'bounded-kl': response.boundedKl,
    flips: response.flips,
    'output-fisher': outputFisher * perExample,
    gain: outputTrace * perExample * madePower,
    'relative-error': share(error, power),
    'output-error': share(total(spreadOf(moves).power), madePower),
  }
}

const madeChannels = ({ made }: SampledPlaces): number => made[0]!.length
const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)

/** Of nothing, an error is no share: 0. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
