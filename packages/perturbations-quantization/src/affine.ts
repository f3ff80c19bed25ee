import { roundHalfAway } from './rounding.ts'

/** Equally spaced levels Δ · (q − z), q = 0 … L − 1, of which 0 is one. */
export interface AffineLevels {
  readonly step: number
  /** The q that stands for 0. */
  readonly zeroPoint: number
  readonly last: number
}

/**
 * The levels over a range, widened so that it holds 0: Δ = (high − low) / (L − 1), z = round(−low / Δ). Rounding z
 * shifts them by half a step at most.
 *
 * @throws RangeError where L is no integer, or below 2
 */
export function affineLevels(low: number, high: number, levels: number): AffineLevels {
  if (!(Number.isInteger(levels) && levels >= 2))
    throw new RangeError('the intensity is a number of levels, at least 2')
  const lowest = Math.min(low, 0)
  const step = (Math.max(high, 0) - lowest) / (levels - 1)
  return { step, zeroPoint: step === 0 ? 0 : roundHalfAway(-lowest / step), last: levels - 1 }
}

/** The level nearest to `value`, a half rounded away from zero; what lies outside becomes the first or the last one. */
export function roundToLevel(value: number, { step, zeroPoint, last }: AffineLevels): number {
  if (step === 0) return 0
  const q = roundHalfAway(value / step) + zeroPoint
  return (Math.min(Math.max(q, 0), last) - zeroPoint) * step
}
