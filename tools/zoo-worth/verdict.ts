import { mean, median } from './averages.ts'

/** What would be too much. Fixed before the first measurement; a change of it after one needs a reason in the history. */
export const threshold = { r2: 0.7, share: 0.5, layers: 20 } as const

/** The threshold in words, for the page. */
export const thresholdText =
  'Too much is an adjusted R² above .7 on more than half of the tasks. The tasks that decide are those, network by network and ' +
  'perturbation by perturbation, of networks with at least 20 layers and with at least one live level. If the zoo is beyond that, ' +
  'networks are added to it. A network that was measured is never removed.'

/** A network under a perturbation, as the verdict sees it. */
export interface JudgedTask {
  readonly network: string
  readonly family: string
  readonly layers: number
  /** Live levels. */
  readonly live: number
  /** Null where it has none: too few layers, or no live level. */
  readonly adjustedR2: number | null
  /** Null where it cannot be estimated. */
  readonly ceiling: number | null
}

export interface Verdict {
  /** Tasks that decide. */
  readonly tasks: number
  /** Of those, with an adjusted R² above the threshold. */
  readonly above: number
  /** How many of them each network has that has any, the most first. */
  readonly aboveByNetwork: readonly (readonly [network: string, tasks: number])[]
  /** `above` / `tasks`; null without tasks. */
  readonly share: number | null
  /** The same share with every architecture family weighing the same. */
  readonly shareByFamily: number | null
  /** The same share with each R² divided by the square of its noise ceiling, which is what noise takes off a correlation. */
  readonly shareWithoutNoise: number | null
  /** Median of the adjusted R². */
  readonly median: number | null
  /** Whether the zoo is beyond the threshold; null without tasks. */
  readonly beyond: boolean | null
}

/** Judges the zoo by the tasks that decide: enough layers, a live level. */
export function judge(tasks: readonly JudgedTask[]): Verdict {
  const deciding = tasks.flatMap((task) =>
    task.layers >= threshold.layers && task.live > 0 && task.adjustedR2 !== null
      ? [{ ...task, adjustedR2: task.adjustedR2 }]
      : [],
  )
  const families = [...new Set(deciding.map(({ family }) => family))]
  const above = deciding.filter(({ adjustedR2 }) => adjustedR2 > threshold.r2)
  const networks = [...new Set(above.map(({ network }) => network))]
  const share = shareAbove(deciding.map(({ adjustedR2 }) => adjustedR2))
  return {
    tasks: deciding.length,
    above: above.length,
    aboveByNetwork: networks
      .map((name) => [name, above.filter(({ network }) => network === name).length] as const)
      .sort(([, a], [, b]) => b - a),
    share,
    shareByFamily: mean(
      families.map((family) =>
        shareAbove(deciding.filter((task) => task.family === family).map(({ adjustedR2 }) => adjustedR2))!,
      ),
    ),
    shareWithoutNoise: shareAbove(
      deciding.map(({ adjustedR2, ceiling }) => (ceiling === null ? adjustedR2 : adjustedR2 / ceiling ** 2)),
    ),
    median: median(deciding.map(({ adjustedR2 }) => adjustedR2)),
    beyond: share === null ? null : share > threshold.share,
  }
}

function shareAbove(values: readonly number[]): number | null {
  return mean(values.map((value) => Number(value > threshold.r2)))
}
