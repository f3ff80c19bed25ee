import { bounded, klDivergences, logSumExp, type Tensor } from '@loadbearing/core'

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
      loss: summedLoss(perturbed, labels),
    },
    changed: classes.filter((predicted, i) => predicted !== cleanClasses[i]).length,
    nonFinite: classes.filter((predicted) => predicted === -1).length,
  }
}

/** The class of the largest logit, the first among equals; −1 where a logit is NaN or infinite. */
export function predictedClasses({ shape, data }: Tensor): Int32Array {
  const [images = 0, classes = 0] = shape
  return Int32Array.from({ length: images }, (_, image) => {
    let best = 0
    for (let c = 0; c < classes; c++) {
      const logit = data[image * classes + c]!
      if (!Number.isFinite(logit)) return -1
      if (logit > data[image * classes + best]!) best = c
    }
    return best
  })
}

/** Σ −log p(label), in nats; NaN where a logit is. */
export function summedLoss({ shape, data }: Tensor, labels: ArrayLike<number>): number {
  const [images = 0, classes = 0] = shape
  let sum = 0
  for (let image = 0; image < images; image++) {
    const start = image * classes
    sum += logSumExp(data, start, start + classes) - data[start + labels[image]!]!
  }
  return sum
}
