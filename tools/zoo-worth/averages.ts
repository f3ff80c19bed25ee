import { quantile } from '@loadbearing/ranking'

/** Null where there is nothing to average. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length
}

/** Null where there is nothing to take it of. */
export function median(values: readonly number[]): number | null {
  return values.length === 0 ? null : quantile(values, 0.5)
}
