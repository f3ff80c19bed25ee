import type { Tensor } from './tensor.ts'

/** What is differentiated, of one example: the cross-entropy of the true class ('loss'), the logit of the true class, the sum of all logits, or any logit. */
export type Objective = 'loss' | 'true-logit' | 'logit-sum' | { readonly logit: number }

/** A tensor of the shape of its weight for every layer, by layer name. */
export type TensorsByLayer = ReadonlyMap<string, Tensor>

/** The gradients with respect to what a layer's first node reads and makes, in the shapes of its activations. */
export interface ActivationGradients {
  readonly input: Tensor
  readonly output: Tensor
}

/** What is differentiated, and on how many calibration examples. */
export interface GradientOptions {
  /** The loss by default. */
  readonly objective?: Objective
  /** The first so many; all by default. */
  readonly examples?: number
}

/** What was found on one batch of calibration examples, by layer name. */
export interface GradientBatch<Of> {
  /** Examples of the batch: what it weighs in a mean over all. */
  readonly examples: number
  readonly gradients: ReadonlyMap<string, Of>
}
