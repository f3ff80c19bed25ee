/** A score a layer, in the model's order; null where there is none. */
export type LayerScoreValues = readonly (number | null)[]

/**
 * The scores of a perturbation-aware criterion on a task: the mean over its live levels, as the truth is pooled. A layer without a
 * finite score at one of them has none.
 *
 * @param byLevel the scores at every level of the grid
 * @param live indices of the levels to pool
 */
export function poolScores(byLevel: readonly LayerScoreValues[], live: readonly number[]): (number | null)[] {
  const layers = byLevel[0]?.length ?? 0
  return Array.from({ length: layers }, (_, layer) => {
    let total = 0
    for (const level of live) total += byLevel[level]?.[layer] ?? NaN
    return live.length > 0 && Number.isFinite(total) ? total / live.length : null
  })
}
