import type { Tensor } from './tensor.ts'

/** The logit of the true class of an example, the sum of all its logits, or any logit. */
export type LogitObjective = 'true-logit' | 'logit-sum' | { readonly logit: number }

/**
 * What is differentiated, of one example: the cross-entropy of the true class ('loss'); the divergence KL(p ‖ q), in nats, of what is
 * predicted, q, from what the network predicts of the same input with its own weights, p; or logits.
 */
export type Objective = 'loss' | 'divergence' | LogitObjective

/** A tensor of the shape of its weight for every layer, by layer name. */
export type TensorsByLayer = ReadonlyMap<string, Tensor>

/** The gradients with respect to what a layer's first node reads and makes, in the shapes of its activations. */
export interface ActivationGradients {
  readonly input: Tensor
  readonly output: Tensor
}

/**
 * Where a path starts: an input of zeros, or the calibration example so many places further on, of those that the pass runs on; after
 * the last comes the first.
 */
export type Baseline = 'zeros' | { readonly shift: number }

/**
 * A point of the straight path from a baseline b to an example x, b + alpha (x − b). All are of the preprocessed example, as the
 * network reads it. Plain data: who asks for the same point twice may be given the same pass.
 */
export interface PathPoint {
  /** 0 at the baseline, 1 at the example. */
  readonly alpha: number
  readonly baseline: Baseline
}

/** What a pass runs on: plain data. */
export interface PassOptions {
  /** The first so many calibration examples; all by default. */
  readonly examples?: number
  /** Where on a path every example is put; at the example itself by default. */
  readonly path?: PathPoint
}

/** What is differentiated, where, and on how many calibration examples. */
export interface GradientOptions extends PassOptions {
  /** The loss by default. */
  readonly objective?: Objective
  /**
   * Weights, in the shapes of their layers', that stand in for those of the network; other layers keep their own. Gradients with
   * respect to weights are then those of the layers in it alone.
   */
  readonly weights?: TensorsByLayer
}

/** What was found on one batch of calibration examples, by layer name. */
export interface GradientBatch<Of> {
  /** Examples of the batch: what it weighs in a mean over all. */
  readonly examples: number
  readonly gradients: ReadonlyMap<string, Of>
}
