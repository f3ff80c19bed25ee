import { rowVariation, sampleVariance } from './noise.ts'
import { rowMeans, type PooledOutcomes, type TruthKind } from './outcomes.ts'
import { criticalT } from './student-t.ts'

/** The truth of one layer with its 95 % interval over images and repeats. */
export interface LayerTruth {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * The pooled truth of every row: the mean over live levels, repeats and images.
 *
 * The interval is Student's t on the variance of the mean with images and draws as crossed random effects, degrees of freedom by
 * Satterthwaite (1946). Few repeats make it wide where they disagree; with one repeat it speaks of images alone. Accuracy drops
 * get two pseudo-images, one lost and one won (Bonett & Price 2012, for paired proportions), so that a layer on which no image
 * changed is not taken for known exactly: 0 of 500 gives ±.55 points. Limits are cut to what the truth can be: [−1, 1], or [0, 1].
 */
export function pooledTruth(pooled: PooledOutcomes, kind: TruthKind): LayerTruth[] {
  const { levels, repeats, images } = pooled
  const lowest = kind === 'accuracy-drop' ? -1 : 0
  const pseudo = kind === 'accuracy-drop' ? [1, -1] : []
  return rowMeans(pooled).map((value, row) => {
    const { imageMeans, betweenDraws, both } = rowVariation(pooled, row)
    const sampled = Float64Array.of(...pseudo, ...imageMeans)
    const centre = value * (images / sampled.length)
    const fromImages = sampleVariance(sampled) / sampled.length
    const fromDraws = Math.max(0, betweenDraws - both)
    const variance = fromImages + fromDraws
    const freedom =
      variance ** 2 /
      (fromImages ** 2 / (sampled.length - 1) + (fromDraws === 0 ? 0 : betweenDraws ** 2 / (levels * (repeats - 1))))
    const margin = images < 2 ? Infinity : variance === 0 ? 0 : criticalT(freedom) * Math.sqrt(variance)
    return {
      value,
      low: Math.min(value, Math.max(lowest, centre - margin)),
      high: Math.max(value, Math.min(1, centre + margin)),
    }
  })
}
