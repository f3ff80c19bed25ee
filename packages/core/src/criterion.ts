import type { z } from 'zod'
import type {
  ActivationGradients,
  Baseline,
  GradientBatch,
  GradientOptions,
  LogitObjective,
  PassOptions,
  PathPoint,
  TensorsByLayer,
} from './gradients.ts'
import type { Layer } from './layer.ts'
import type { Perturbation } from './perturbation.ts'
import type { Reference } from './reference.ts'
import type { Rng } from './rng.ts'
import type { Tensor } from './tensor.ts'

/** What a layer read and wrote on one batch of calibration examples; the batch is the first dimension. */
export interface LayerActivations {
  readonly input: Tensor
  readonly output: Tensor
}

/**
 * What the network is run on: the first so many calibration examples; `count` of them that follow the first `from`; or so many of noise,
 * which takes no data: independent standard normals of an example's shape, as if preprocessed. All who ask for noise are given the same,
 * and who asks for less the first of it.
 */
export type Inputs = number | { readonly from: number; readonly count: number } | { readonly noise: number }

/** What a criterion may ask for, by the word it writes in `needs`. */
export interface Capabilities {
  identity: {
    /** SHA-256 of the model's file: for a learned criterion, which must score a model by what it learnt from others alone. */
    readonly model: string
  }
  weights: {
    /** The layer's weight; not to be written to. */
    readonly weights: (layer: Layer) => Tensor
  }
  activations: {
    /** One pass over the calibration examples, batch by batch: what every layer read and wrote (its first consuming node's), by layer name. */
    readonly activations: (options?: PassOptions) => AsyncIterable<ReadonlyMap<string, LayerActivations>>
  }
  labels: {
    /** The true class of every calibration example, in the order of all other capabilities. */
    readonly labels: Int32Array
  }
  logits: {
    /** The unperturbed network's logits (on all calibration examples by default): [examples, classes]. */
    readonly logits: (inputs?: Inputs) => Promise<Tensor>
  }
  /**
   * The loss and the true class's logit use labels: who differentiates them declares `labels`, too, so that the table says so. For the
   * same reason, who differentiates at weights that the perturbation has made declares `perturbedForward`: its passes are probes.
   */
  gradients: {
    /**
     * One pass over the calibration examples, in the batches of `activations`: the gradient of the batch's mean objective with respect
     * to every layer's weight. How many examples a batch holds is the user's choice, so only a mean that weighs batches by it is
     * well defined.
     */
    readonly gradients: (options?: GradientOptions) => AsyncIterable<GradientBatch<Tensor>>
    /** The same of every example for itself, in order: as slow as batches of one. */
    readonly exampleGradients: (options?: GradientOptions) => AsyncIterable<TensorsByLayer>
    /**
     * In the same batches, the gradient with respect to what every layer reads and makes: a row is that of its example's own objective,
     * and belongs to the same row of `activations`.
     */
    readonly activationGradients: (options?: GradientOptions) => AsyncIterable<GradientBatch<ActivationGradients>>
    /**
     * In the same batches, the gradient with respect to what one layer makes, [batch, …], where that alone is put on the path: its
     * first node makes b + alpha (y − b), y what it makes of the example and b of the baseline. All else, a way around the layer
     * included, sees the example itself.
     */
    readonly outputGradients: (
      layer: Layer,
      within: PathPoint,
      options?: Pick<GradientOptions, 'objective' | 'examples'>,
    ) => AsyncIterable<Tensor>
    /**
     * In the same batches, what every layer's first node makes has for a multiplier, [batch, …], by layer name: as the gradient of a
     * logit, but that every node's slopes are taken between what it reads of the baseline and of the example (DeepLIFT's rescale
     * rule). So the multipliers of a layer that all paths cross, times what it makes more than of the baseline, sum to what the logit
     * gains.
     *
     * @throws ModelError that names a node whose slopes have no rule
     */
    readonly outputMultipliers: (
      baseline: Baseline,
      options?: { readonly objective?: LogitObjective; readonly examples?: number },
    ) => AsyncIterable<ReadonlyMap<string, Tensor>>
    /**
     * The gradient of the sum of the logits with respect to every layer's weight, of the network in which every parameter is replaced
     * by its magnitude, on an input of ones: no calibration example is seen. A value beyond float32 is infinite or no number.
     */
    readonly flowGradients: () => Promise<TensorsByLayer>
  }
  hessian: {
    /**
     * H·v, where H is the Hessian of the mean loss over the first `examples` calibration examples (all by default) with respect to
     * the weights of the layers in `direction`, and v is that direction. Exact but for rounding; at kinks, such as ReLU's, the second
     * derivative is 0.
     */
    readonly hessianProduct: (direction: TensorsByLayer, examples?: number) => Promise<TensorsByLayer>
    /**
     * Draw k of a direction of independent random signs over the weights of all layers, for Hutchinson's estimator. All who ask for it
     * are given the same, so that its product is computed once for those who ask at the same time; it is not to be written to.
     */
    readonly signs: (draw: number) => TensorsByLayer
  }
  perturbation: {
    /** The perturbation and intensity that this call is scored for. */
    readonly perturbation: Perturbation
    readonly intensity: number
    /** The layer's weight, perturbed. Draws are numbered; they are the criterion's own and never the ground truth's. */
    readonly perturbed: (layer: Layer, draw?: number) => Tensor
    /**
     * What depends on neither perturbation nor intensity, such as a trace: computed when the criterion first asks for `key`, and
     * given again at all other levels of the model. Its random numbers are those of `rng` here, the same whichever level asks first.
     */
    readonly once: <T>(key: string, compute: (rng: Rng) => T | Promise<T>) => Promise<T>
  }
  perturbedForward: {
    /** Logits of the network with `weight` in place of the layer's own: [examples, classes]. Each example counts as one forward. */
    readonly perturbedForward: (layer: Layer, weight: Tensor, inputs: Inputs) => Promise<Tensor>
  }
}

export type Need = keyof Capabilities

/** What the network must run for: a criterion without any of these reads the weights alone. */
export const running = [
  'activations',
  'logits',
  'gradients',
  'hessian',
  'perturbedForward',
] as const satisfies readonly Need[]

/** What every criterion gets, whatever it needs. */
export interface BaseContext {
  /** In order of execution. */
  readonly layers: readonly Layer[]
  readonly rng: Rng
  /** Number of calibration examples. */
  readonly examples: number
}

type UnionToIntersection<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void
  ? I
  : never

/** What a criterion that declares `needs` is given: exactly that. */
export type CriterionContext<N extends Need> = BaseContext &
  ([N] extends [never] ? unknown : UnionToIntersection<Capabilities[N]>)

/** A layer's score; higher means more important. */
export interface Score {
  readonly value: number
  /** Where the score is estimated from random draws. */
  readonly standardError?: number
  /** Whether the draws ended at their cap, before the score was as certain as it should be. */
  readonly capped?: boolean
}

/** Why the criterion has no score for a layer. */
export interface Unscored {
  readonly value?: never
  readonly reason: string
}

/** A score for every layer, or why it has none, by layer name. */
export type LayerScores = ReadonlyMap<string, Score | Unscored>

/** An attribution method: one score a layer, with everything a table or a page says of it. */
export interface Criterion<N extends Need = Need, O extends z.ZodObject = z.ZodObject> {
  /** Kebab-case; unique among criteria. */
  readonly name: string
  /** Raised when the same input gives other scores. */
  readonly version: number
  /** One sentence. */
  readonly summary: string
  readonly reference: Reference
  readonly needs: readonly N[]
  /** A zod object in which every option has a default. */
  readonly options: O
  score(context: CriterionContext<N>, options: z.output<O>): LayerScores | Promise<LayerScores>
}

/** A criterion whose own needs and options no longer matter to the caller: what a registry lists and `scoreLayers` runs. */
export type AnyCriterion = Omit<Criterion, 'score'> & {
  // A method, so that criteria of any needs and options are assignable.
  score(context: never, options: never): LayerScores | Promise<LayerScores>
}

/** Declares a criterion; the identity function, for its types: `needs` decides what `score` may take from its context. */
export function defineCriterion<const N extends Need, O extends z.ZodObject>(
  criterion: Criterion<N, O>,
): Criterion<N, O> {
  return criterion
}

/** The two tracks: a probe runs perturbed forward passes, a predictor none. */
export type Track = 'predictor' | 'probe'

export function trackOf(criterion: { readonly needs: readonly Need[] }): Track {
  return criterion.needs.includes('perturbedForward') ? 'probe' : 'predictor'
}

/** Whether the criterion is scored at every level of a perturbation, instead of once a model. */
export function isPerturbationAware(criterion: { readonly needs: readonly Need[] }): boolean {
  return criterion.needs.includes('perturbation')
}

/** Scores by layer from a function of one layer; a bare number is a score without an error. */
export function byLayer(layers: readonly Layer[], score: (layer: Layer) => number | Score | Unscored): LayerScores {
  return new Map(
    layers.map((layer) => {
      const result = score(layer)
      return [layer.name, typeof result === 'number' ? { value: result } : result]
    }),
  )
}
