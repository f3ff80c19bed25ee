import { bounded, crossEntropies, klDivergences, predictedClasses, type Tensor } from '@loadbearing/core'

/** What became of a chunk of images under one perturbed weight. */
export interface ChunkOutcome {
  /** 1 where an image was classified correctly. */
  readonly correct: Uint8Array
  /** 1 − exp(−KL(clean ‖ perturbed)) of every image. */
  readonly boundedKl: Float32Array
  /** Sums over the chunk, in order of the images. */
  readonly sums: { readonly boundedKl: number; readonly kl: number; readonly loss: number }
  /** Images given another class than without the perturbation. */
  readonly changed: number
  /** Images with a NaN or infinite logit; they count as wrong. */
  readonly nonFinite: number
}

/** Compares perturbed with clean logits, both [images, classes]. */
export function outcomeOf(clean: Tensor, perturbed: Tensor, labels: ArrayLike<number>): ChunkOutcome {
  const [cleanClasses, classes] = [predictedClasses(clean), predictedClasses(perturbed)]
  const divergences = klDivergences(clean, perturbed)
  const correct = Uint8Array.from(classes, (predicted, i) => Number(predicted === labels[i]))
  const boundedKl = Float32Array.from(divergences, bounded)
  return {
    correct,
    boundedKl,
    sums: {
      boundedKl: divergences.reduce((sum, divergence) => sum + bounded(divergence), 0),
      kl: divergences.reduce((sum, divergence) => sum + divergence, 0),
      loss: crossEntropies(perturbed, labels).reduce((sum, loss) => sum + loss, 0),
    },
    changed: classes.filter((predicted, i) => predicted !== cleanClasses[i]).length,
    nonFinite: classes.filter((predicted) => predicted === -1).length,
  }
}
