import type { Tensor } from '@loadbearing/core'

/** Σ_w d_w (w′ − w)², in double precision. */
export function weightedError(
  diagonal: Float32Array | Float64Array,
  { data: moved }: Tensor,
  { data: original }: Tensor,
): number {
  let sum = 0
  for (let i = 0; i < diagonal.length; i++) sum += diagonal[i]! * (moved[i]! - original[i]!) ** 2
  return sum
}
