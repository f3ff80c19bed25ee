import type { Rng } from '@loadbearing/core'
import { measuredLayers } from './measured-layers.ts'
import type { LayerScoreValues } from './pooled-scores.ts'
import { groupRanks, tieGroups } from './ranks.ts'

/** How often each layer occurs in one resample with replacement. */
export function drawLayers(layers: number, rng: Rng): Float64Array {
  const counts = new Float64Array(layers)
  for (let draw = 0; draw < layers; draw++) counts[rng.integer(layers)]! += 1
  return counts
}

/**
 * Prepares Spearman's ρ of several criteria with one truth, over resampled layers. Sorting happens here, once; a resample then
 * costs one pass over the layers. ρ is 0 for a criterion that failed, and where truth or scores of a resample are all equal.
 *
 * @returns a function of the layers' counts that hands every criterion's index and ρ to `take`
 */
export function resampledSpearman(
  truth: readonly (number | null)[],
  scores: readonly (LayerScoreValues | undefined)[],
): (counts: Float64Array, take: (criterion: number, rho: number) => void) => void {
  const measured = truth.flatMap((value, layer) => (value === null ? [] : [layer]))
  const truthOrder = tieGroups(measuredLayers(truth, undefined).truth)
  const scoreOrders = scores
    .map((values) => measuredLayers(truth, values).scores)
    .map((values) => values && tieGroups(values))
  return (layerCounts, take) => {
    // Loops, not Float64Array.from, which takes ten times as long: here is where a ranking spends its time.
    const counts = new Float64Array(measured.length)
    for (let i = 0; i < counts.length; i++) counts[i] = layerCounts[measured[i]!]!
    const mean = (counts.reduce((a, b) => a + b, 0) + 1) / 2
    const deviations = ({ group, groups }: ReturnType<typeof tieGroups>): Float64Array => {
      const ranks = groupRanks(group, groups, counts)
      const its = new Float64Array(group.length)
      for (let i = 0; i < its.length; i++) its[i] = ranks[group[i]!]! - mean
      return its
    }
    const covary = (a: Float64Array, b: Float64Array): number => {
      let sum = 0
      for (let i = 0; i < a.length; i++) sum += counts[i]! * a[i]! * b[i]!
      return sum
    }
    const left = deviations(truthOrder)
    const leftSquares = covary(left, left)
    scoreOrders.forEach((order, criterion) => {
      if (order === null || leftSquares === 0) return take(criterion, 0)
      const right = deviations(order)
      const rightSquares = covary(right, right)
      take(criterion, rightSquares === 0 ? 0 : covary(left, right) / Math.sqrt(leftSquares * rightSquares))
    })
  }
}
