import { type CriterionContext, type Layer, ModelError, type Unscored } from '@loadbearing/core'
import { linearResponse } from './linear-response.ts'
import { fisherDiagonal, type LikelyClasses, likelyClasses, weightDerivatives } from './logit-derivatives.ts'

/** What the features are made from: no labels, and no forward pass with perturbed weights. */
export const featureNeeds = ['weights', 'logits', 'gradients', 'perturbation'] as const

export type FeatureContext = CriterionContext<(typeof featureNeeds)[number]>

/**
 * What is told of a layer at a level, in the order of the generated coefficients. ΔW is what the perturbation adds to the weights, F_w
 * the Fisher information of a weight (the variance of the logits' derivatives over the network's own class probabilities, a mean over
 * examples):
 *
 * - fisher: Σ_w F_w ΔW_w², twice the divergence that independent errors of the weights make, to second order
 * - fit: mean_w F_w · ‖ΔW‖², the same from means alone
 * - bounded-kl, flips: the ground truth's bounded divergence, and the share of changed classes, with logits that are linear in the
 *   weights
 * - parameters: how many weights the layer has
 * - depth: its position in order of execution
 */
export const featureNames = ['fisher', 'fit', 'bounded-kl', 'flips', 'parameters', 'depth'] as const

export type FeatureName = (typeof featureNames)[number]
export type LayerFeatures = Readonly<Record<FeatureName, number>>

export interface FeatureOptions {
  /** Calibration examples, at most. */
  readonly examples: number
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
  readonly fisher: ReadonlyMap<string, Float64Array>
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
  const { shape } = await context.logits(options.examples)
  const classes = Math.min(options.classes, shape[1]!)
  const examples = affordable(context.layers, { ...options, classes })
  const likely = await likelyClasses(context, examples, classes)
  const derivatives = await weightDerivatives(context, likely.classes, examples)
  const fisher = new Map([...derivatives].map(([name, its]) => [name, fisherDiagonal(its, likely.probabilities)]))
  return { likely, derivatives, fisher }
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

function ofLayer(
  layer: Layer,
  context: FeatureContext,
  remembered: Remembered,
  draws: number,
): LayerFeatures | Unscored {
  const count = context.perturbation.stochastic ? draws : 1
  const all = Array.from({ length: count }, (_, draw) => ofDraw(layer, context, remembered, draw))
  const means = featureNames.map((name) => [name, all.reduce((sum, its) => sum + its[name], 0) / count] as const)
  const wrong = means.find(([, value]) => !Number.isFinite(value))
  if (wrong) return { reason: `its ${wrong[0]} is ${wrong[1]}` }
  return Object.fromEntries(means) as LayerFeatures
}

function ofDraw(
  layer: Layer,
  { weights, perturbed }: FeatureContext,
  { likely, derivatives, fisher: diagonals }: Remembered,
  draw: number,
): LayerFeatures {
  const moved = perturbed(layer, draw).data
  const change = weights(layer).data.map((weight, i) => moved[i]! - weight)
  const diagonal = diagonals.get(layer.name)!
  let [error, fisher, trace] = [0, 0, 0]
  for (let i = 0; i < change.length; i++) {
    error += change[i]! ** 2
    fisher += diagonal[i]! * change[i]! ** 2
    trace += diagonal[i]!
  }
  const { boundedKl, flips } = linearResponse(likely.logits, derivatives.get(layer.name)!, change)
  return {
    fisher,
    fit: (trace / change.length) * error,
    'bounded-kl': boundedKl,
    flips,
    parameters: layer.parameters,
    depth: layer.depth,
  }
}
