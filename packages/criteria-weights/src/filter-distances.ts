import type { Layer, Tensor } from '@loadbearing/core'
import { type Filter, filtersByGroup } from './filters.ts'

/** Σ_i Σ_j ‖F_i − F_j‖₂ over all n² pairs of a layer's filters, those of different groups too, and n. */
export function filterDistances(layer: Layer, weight: Tensor): { readonly sum: number; readonly filters: number } {
  const filters = filtersByGroup(layer, weight).flat()
  let sum = 0
  // A pair is met once and counts twice; a filter's distance from itself is 0.
  for (const [i, a] of filters.entries()) for (let j = 0; j < i; j++) sum += 2 * distance(a, filters[j]!)
  return { sum, filters: filters.length }
}

function distance(a: Filter, b: Filter): number {
  let squares = 0
  for (let k = 0; k < a.length; k++) squares += (a[k]! - b[k]!) ** 2
  return Math.sqrt(squares)
}
