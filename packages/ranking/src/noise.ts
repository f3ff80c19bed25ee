import type { PooledOutcomes } from './outcomes.ts'

/**
 * Sampling noise of a pooled truth, taken apart as in a two-way random-effects analysis of variance (images × draws, draws nested
 * in levels, levels fixed; Searle, Casella & McCulloch 1992, ch. 4). Estimates, so that one may come out negative.
 */
export interface NoiseComponents {
  /** Variance of the truth that comes from its draws of the perturbation: falls with repeats alone. */
  readonly draws: number
  /** From its images: falls with images alone. */
  readonly images: number
  /** From each image meeting each draw: falls with either. */
  readonly both: number
}

/** The sums from which the noise of one row is estimated. */
export interface RowVariation {
  /** Mean over levels and repeats, of every image. */
  readonly imageMeans: Float64Array
  /** Sum over levels of the sample variance of the draws' means, over levels² × repeats: estimates draws + both. */
  readonly betweenDraws: number
  /** `both` as estimated: the residual mean square over levels² × repeats × images. */
  readonly both: number
}

/** @param row index into `pooled.layers`. With one repeat there is no variation between draws: `betweenDraws` and `both` are 0. */
export function rowVariation({ levels, repeats, images, values }: PooledOutcomes, row: number): RowVariation {
  const imageMeans = new Float64Array(images)
  let [betweenDraws, both] = [0, 0]
  for (let level = 0; level < levels; level++) {
    const start = (row * levels + level) * repeats * images
    const drawSums = new Float64Array(repeats)
    let withinImages = 0
    for (let image = 0; image < images; image++) {
      let [sum, squares] = [0, 0]
      for (let repeat = 0; repeat < repeats; repeat++) {
        const value = values[start + repeat * images + image]!
        sum += value
        squares += value * value
        drawSums[repeat]! += value
      }
      withinImages += squares - (sum * sum) / repeats
      imageMeans[image]! += sum / (levels * repeats)
    }
    if (repeats < 2) continue
    const between = sampleVariance(drawSums.map((sum) => sum / images))
    betweenDraws += between / (levels * levels * repeats)
    const residual = images < 2 ? 0 : (withinImages - images * (repeats - 1) * between) / ((repeats - 1) * (images - 1))
    both += residual / (levels * levels * repeats * images)
  }
  return { imageMeans, betweenDraws, both }
}

/** Variance with n − 1 below; 0 for fewer than two values. */
export function sampleVariance(values: ArrayLike<number>): number {
  const n = values.length
  if (n < 2) return 0
  let mean = 0
  for (let i = 0; i < n; i++) mean += values[i]! / n
  let squares = 0
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2
  return squares / (n - 1)
}

/**
 * The noise that can disturb the order of the layers, as a mean over them. What all layers share of an image (it is hard for all)
 * shifts all truths alike, so it is taken out.
 */
export function noiseComponents(pooled: PooledOutcomes): NoiseComponents {
  const rows = pooled.layers.map((_, row) => rowVariation(pooled, row))
  const mean = (term: (row: RowVariation) => number): number =>
    rows.reduce((sum, row) => sum + term(row), 0) / rows.length
  const shared = Float64Array.from({ length: pooled.images }, (_, image) => mean((row) => row.imageMeans[image]!))
  const freedom = rows.length / Math.max(1, rows.length - 1)
  const betweenImages =
    mean((row) => sampleVariance(row.imageMeans.map((value, image) => value - shared[image]!)) * freedom) /
    pooled.images
  const both = mean((row) => row.both)
  return { draws: mean((row) => row.betweenDraws) - both, images: betweenImages - both, both }
}
