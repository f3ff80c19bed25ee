import { poolOutcomes, type TaskOutcomes } from './outcomes.ts'

/** A level is live where the mean drop over layers lies within, ends included: fractions of accuracy. */
export const liveRange = { low: 0.02, high: 0.5 } as const

/**
 * The mean accuracy drop of every level over its measured layers, repeats and images; null where nothing was measured.
 * One entry a level of the grid.
 */
export function meanDrops(outcomes: TaskOutcomes): (number | null)[] {
  return outcomes.levels.map((_, level) => {
    const { layers, repeats, images, values } = poolOutcomes(outcomes, [level], 'accuracy-drop')
    // One division of whole numbers, so that a drop of exactly 2 points is live.
    return layers.length === 0 ? null : values.reduce((a, b) => a + b, 0) / (layers.length * repeats * images)
  })
}

/** Indices of the live levels, weakest first. Accuracy decides it for both kinds of truth. */
export function liveLevels(drops: readonly (number | null)[]): number[] {
  return drops.flatMap((drop, level) =>
    drop !== null && drop >= liveRange.low && drop <= liveRange.high ? [level] : [],
  )
}
