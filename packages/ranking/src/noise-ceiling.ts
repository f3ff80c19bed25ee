import type { Rng } from '@loadbearing/core'
import { spearman } from './correlation.ts'
import { noiseComponents } from './noise.ts'
import type { PooledOutcomes } from './outcomes.ts'

export interface NoiseCeilingOptions {
  /** Names the splits; the same stream gives the same ceiling. */
  readonly rng: Rng
  /** Random splits to average over. */
  readonly splits?: number
}

/** The highest correlation that the truth's own noise allows, or why it is unknown. */
export type NoiseCeiling =
  { readonly value: number; readonly reason?: never } | { readonly value: null; readonly reason: string }

/**
 * The noise ceiling of a pooled truth: √ of its split-half reliability (Spearman 1910; Brown 1910), an estimate of Spearman's
 * correlation between the truth as measured and the truth without sampling noise.
 *
 * Images and repeats are split together: one half has half of the images under half of the draws, the other the other images
 * under the other draws, so that the halves share no noise. Images are split the same way for all layers, which share them; draws
 * are split for each layer and level by itself, since that is how they were drawn. Every split is used crosswise as well. Where the
 * perturbation is deterministic, images alone are split. The correlation of the halves is averaged over all splits, then stepped
 * up to the whole by the Spearman–Brown formula k r / (1 + (k − 1) r).
 *
 * What differs from the textbook is k = noise of a half / noise of the whole, from the variance components of `noiseComponents`:
 * it is 2 where images alone are split, but a half of both holds a quarter of the data, and where noise is of each image under each
 * draw, k is 4. Taking 2 there would give .91 for a ceiling of .95.
 *
 * The ceiling is at most 1 by construction and never clipped; a share, ρ / ceiling, may exceed 1 by chance. Halves whose truths are
 * all equal correlate by 0. Where the halves correlate by 0 or less on average, the reliability has no root: the ceiling is null.
 *
 * @param stochastic whether repeats are different draws
 */
export function noiseCeiling(
  pooled: PooledOutcomes,
  stochastic: boolean,
  { rng, splits = 100 }: NoiseCeilingOptions,
): NoiseCeiling {
  const unknown = (reason: string): NoiseCeiling => ({ value: null, reason })
  if (stochastic && pooled.repeats < 2) return unknown('one repeat of a stochastic perturbation cannot tell its noise')
  if (pooled.images < 2) return unknown('one image cannot be split in halves')
  const splitDraws = stochastic ? Math.floor(pooled.repeats / 2) : 0

  let total = 0
  for (let split = 0; split < splits; split++) {
    const quarters = splitOnce(pooled, splitDraws, rng.split('split', split))
    total += spearman(quarters[0], quarters[3]) + spearman(quarters[1], quarters[2])
  }
  const correlation = total / (2 * splits)
  if (!(correlation > 0)) return unknown('the halves of the truth do not agree')
  const lengthening = noiseRatio(pooled, splitDraws)
  return { value: Math.sqrt((lengthening * correlation) / (1 + (lengthening - 1) * correlation)) }
}

/** Noise variance of a half over that of the whole. Leftover draws and images of odd counts are in neither half. */
function noiseRatio(pooled: PooledOutcomes, splitDraws: number): number {
  const imageFactor = pooled.images / Math.floor(pooled.images / 2)
  if (splitDraws === 0) return imageFactor
  const drawFactor = pooled.repeats / splitDraws
  const components = noiseComponents(pooled)
  const [draws, images, both] = [components.draws, components.images, components.both].map((part) =>
    Math.max(0, part),
  ) as [number, number, number]
  const whole = draws + images + both
  return whole === 0
    ? imageFactor
    : (draws * drawFactor + images * imageFactor + both * drawFactor * imageFactor) / whole
}

type Quarters = readonly [number[], number[], number[], number[]]

/**
 * Sums a row over the quarters (images of either half × draws of either half): [AA, AB, BA, BB], images first. Without draws to
 * split, AB and BA are the halves by images, as are AA and BB.
 */
function splitOnce(pooled: PooledOutcomes, splitDraws: number, rng: Rng): Quarters {
  const { layers, levels, repeats, images, values } = pooled
  const half = Math.floor(images / 2)
  const order = Int32Array.from(rng.shuffle(Array.from({ length: images }, (_, image) => image)))
  const quarters: Quarters = [[], [], [], []]
  const draws = Array.from({ length: repeats }, (_, repeat) => repeat)
  layers.forEach((_, row) => {
    const sums: [number, number, number, number] = [0, 0, 0, 0]
    for (let level = 0; level < levels; level++) {
      const drawn = splitDraws === 0 || repeats === 1 ? draws : rng.shuffle(draws)
      drawn.forEach((repeat, position) => {
        const start = ((row * levels + level) * repeats + repeat) * images
        let [first, second] = [0, 0]
        for (let i = 0; i < half; i++) {
          first += values[start + order[i]!]!
          second += values[start + order[half + i]!]!
        }
        if (splitDraws === 0 || position < splitDraws) {
          sums[0] += first
          sums[2] += second
        }
        if (splitDraws === 0 || (position >= splitDraws && position < 2 * splitDraws)) {
          sums[1] += first
          sums[3] += second
        }
      })
    }
    sums.forEach((sum, quarter) => quarters[quarter]!.push(sum))
  })
  return quarters
}
