import { roundHalfAway } from './rounding.ts'

/**
 * The h of L = 2h + 1 levels −h … h: how many lie on either side of zero.
 *
 * @throws RangeError where L is no odd integer, or below 3
 */
export function levelsOnASide(levels: number): number {
  if (!(Number.isInteger(levels) && levels >= 3 && levels % 2 === 1)) {
    throw new RangeError('the intensity is an odd number of levels, at least 3')
  }
  return (levels - 1) / 2
}

/** Equally spaced levels Δ · q, of which 0 is one; q = lowest … highest. */
export interface SymmetricLevels {
  readonly largest: number
  /** L − 1. */
  readonly steps: number
  readonly lowest: number
  readonly highest: number
}

/**
 * L levels over [−largest, largest]: Δ = 2 · largest / (L − 1). An odd L has as many on either side of zero; an even L
 * has one more below it, as two's complement has.
 *
 * @throws RangeError where L is no integer, or below 3
 */
export function symmetricLevels(largest: number, levels: number): SymmetricLevels {
  if (!(Number.isInteger(levels) && levels >= 3)) {
    throw new RangeError('the intensity is a number of levels, at least 3')
  }
  return { largest, steps: levels - 1, lowest: -Math.floor(levels / 2), highest: Math.ceil(levels / 2) - 1 }
}

/** The level nearest to `value`, a half rounded away from zero; what lies outside becomes the first or the last one. */
export function roundToSymmetric(value: number, { largest, steps, lowest, highest }: SymmetricLevels): number {
  if (largest === 0) return value
  // Products of float32 numbers and small integers are exact here, so that a half is told from what lies beside it.
  const q = roundHalfAway((value * steps) / (2 * largest))
  return (Math.min(Math.max(q, lowest), highest) * 2 * largest) / steps
}

/** The largest magnitude among the values; 0 where there are none. */
export function largestMagnitude(values: Float32Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}
