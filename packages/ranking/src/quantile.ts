/**
 * The q-quantile by linear interpolation between order statistics (Hyndman & Fan 1996, definition 7; numpy's and R's default).
 *
 * @param values finite, at least one
 * @param q within [0, 1]
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  const position = q * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!)
}

/** The central 95 % of the values. */
export function percentileInterval(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) }
}
