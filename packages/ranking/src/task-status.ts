import { quantile } from './quantile.ts'
import type { NoiseCeiling } from './noise-ceiling.ts'

/** What a task must show to count for the headline. Drops and accuracies are fractions. */
export const taskRules = {
  ceiling: 0.9,
  layers: 3,
  /** A layer within this of no drop did not react. */
  noDrop: 0.005,
  /** Share of layers that may not react. */
  unaffected: 0.3,
  /** A layer is at chance where the accuracy left, pooled over live levels, is at most this above 1 / classes. */
  aboveChance: 0.02,
  /** Share of layers that may be at chance. */
  atChance: 0.3,
  /** Least distance between the 10th and the 90th percentile of the drops. */
  span: 0.03,
} as const

/** Whether a task counts for the headline, or the first reason in a sentence why it does not. */
export type TaskStatus =
  { readonly counts: true; readonly reason?: never } | { readonly counts: false; readonly reason: string }

/**
 * Judges a task by `taskRules`. The ceiling is that of the truth in question; everything else looks at the accuracy drops, which
 * decide for both kinds of truth.
 *
 * @param drops pooled accuracy drops of the measured layers
 */
export function taskStatus(task: {
  readonly live: readonly number[]
  readonly drops: readonly number[]
  readonly ceiling: NoiseCeiling
  readonly cleanAccuracy: number
  readonly classes: number
}): TaskStatus {
  const { live, drops, ceiling, cleanAccuracy, classes } = task
  const no = (reason: string): TaskStatus => ({ counts: false, reason })
  const share = (test: (drop: number) => boolean): number => drops.filter(test).length / drops.length
  const percent = (fraction: number): string => `${Math.round(100 * fraction)} %`

  if (live.length === 0) return no('No intensity is live: the mean drop over layers is nowhere within 2 to 50 points.')
  if (drops.length < taskRules.layers)
    return no(`Only ${drops.length} layers were measured; a ranking needs ${taskRules.layers}.`)
  const unaffected = share((drop) => Math.abs(drop) <= taskRules.noDrop)
  if (unaffected > taskRules.unaffected)
    return no(`${percent(unaffected)} of the layers lie within half a point of no drop.`)
  const atChance = share((drop) => cleanAccuracy - drop <= 1 / classes + taskRules.aboveChance)
  if (atChance > taskRules.atChance) return no(`${percent(atChance)} of the layers are at chance.`)
  const span = quantile(drops, 0.9) - quantile(drops, 0.1)
  if (span < taskRules.span)
    return no(`The drops span ${(100 * span).toFixed(1)} points from the 10th to the 90th percentile, less than 3.`)
  if (ceiling.value === null) return no(`The noise ceiling is unknown: ${ceiling.reason}.`)
  if (ceiling.value < taskRules.ceiling)
    return no(`The noise ceiling is ${(Math.floor(1000 * ceiling.value) / 1000).toFixed(3)}, below 0.900.`)
  return { counts: true }
}
