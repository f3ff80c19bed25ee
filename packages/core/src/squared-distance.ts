import type { Tensor } from './tensor.ts'

/** Σ (a − b)², in double precision. */
export function squaredDistance({ data: a }: Tensor, { data: b }: Tensor): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}
