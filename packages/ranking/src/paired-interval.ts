import { criticalT } from './student-t.ts'

/** One cell on the images that it was measured on: how many turned from right to wrong, and from wrong to right. */
export interface PairedCounts {
  readonly lost: number
  readonly gained: number
  readonly images: number
}

/** Counts the images of a cell, or of a part of one. @param clean 1 where an image is classified correctly without the perturbation, `correct` with it */
export function countPairs(clean: Uint8Array, correct: Uint8Array): PairedCounts {
  let [lost, gained] = [0, 0]
  for (let image = 0; image < clean.length; image++) {
    if (clean[image]! > correct[image]!) lost++
    else if (clean[image]! < correct[image]!) gained++
  }
  return { lost, gained, images: clean.length }
}

/** The accuracy drop of one cell on a whole test set, with its interval, as fractions. */
export interface PairedInterval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * The accuracy drop on a test set of which some images were measured, in a random order: (lost − gained) / images.
 *
 * The interval is that of Bonett & Price 2012 for paired proportions, with one pseudo-image lost and one gained, Student's t, and the
 * correction for a finite population (Cochran 1977, section 2.6): where all images were measured, nothing is left to know.
 *
 * It may be looked at after every chunk until it is narrow enough. What stops then is the variance alone and not the drop, so that the
 * interval keeps its coverage: the fixed-width sequential interval of Chow & Robbins 1965. Theirs holds in the limit; that it holds from
 * 125 images on is shown by simulation (paired-interval.test.ts), as is that the drop stays unbiased.
 *
 * @param population images of the whole test set
 */
export function pairedInterval({ lost, gained, images }: PairedCounts, population: number): PairedInterval {
  const value = (lost - gained) / images
  if (images >= population) return { value, low: value, high: value }
  const n = images + 2
  const centre = (lost - gained) / n
  const variance = (lost + gained + 2) / n - centre ** 2
  const margin = criticalT(n - 1) * Math.sqrt((variance / (n - 1)) * (1 - images / population))
  return {
    value,
    low: Math.max(-1, Math.min(value, centre - margin)),
    high: Math.min(1, Math.max(value, centre + margin)),
  }
}

/** Whether a cell's interval reaches no further than `width` to either side. */
export function isNarrow(counts: PairedCounts, population: number, width: number): boolean {
  const { low, high } = pairedInterval(counts, population)
  return (high - low) / 2 <= width
}
