import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { ascending } from './order.ts'

type Ranking = Row<'rankings'>

/** For the last bit of a division. */
const tolerance = 1e-12

/** A ranking holds the statistics of one criterion on one task, or the reason why they say that it failed. */
export function* rankings({ tasks, rankings: all }: OpenTables): Generator<Finding> {
  if (!tasks || !all) return
  for (const [row, ranking] of all.entries()) {
    const task = tasks[ranking.task_id]
    if (task) yield* about('rankings', row, brokenShare(ranking, task))
    yield* about('rankings', row, brokenReason(ranking))
    yield* about('rankings', row, brokenBounds(ranking))
    yield* about('rankings', row, brokenInterval(ranking))
  }
  yield* ascending(
    'rankings',
    all.map((ranking) => [ranking.task_id, ranking.criterion_id]),
    'task and criterion',
  )
}

function* brokenShare({ spearman, share, failed_layers: failed }: Ranking, task: Row<'tasks'>): Generator<string> {
  const { ceiling, layers } = task
  if (failed > layers) yield `failed_layers is ${failed}, but its task has ${layers} layers.`
  const expected = spearman === null || ceiling === null ? null : spearman / ceiling
  const same = share === null || expected === null ? share === expected : Math.abs(share - expected) <= tolerance
  if (!same) {
    yield `share is ${String(share)}, not spearman ${String(spearman)} by the ceiling ${String(ceiling)} of its task.`
  }
}

function* brokenReason({ spearman, failed_layers: failed, reason }: Ranking): Generator<string> {
  if (spearman === null && reason === null) yield 'It has no correlation, and no reason says why.'
  if (failed > 0 && reason === null) yield `failed_layers is ${failed}, and no reason says why.`
  if (failed === 0 && spearman !== null && reason !== null) yield 'It did not fail, and still has a reason why.'
}

/** Lowest and highest value of each statistic. */
const bounds = { spearman: [-1, 1], kendall: [-1, 1], recall_top20: [0, 1], ndcg: [0, 1] } as const

function* brokenBounds(ranking: Ranking): Generator<string> {
  for (const name of ['spearman', 'kendall', 'recall_top20', 'ndcg'] as const) {
    const [value, [low, high]] = [ranking[name] ?? 0, bounds[name]]
    if (value < low - tolerance || value > high + tolerance) yield `${name} is ${value}, not within ${low} and ${high}.`
  }
}

/** An interval has both ends or none, the lower one first. */
export function* brokenInterval(row: { share: number | null; share_low: number | null; share_high: number | null }) {
  const { share, share_low: low, share_high: high } = row
  if ((low === null) !== (high === null)) yield 'The interval of its share has one end.'
  if (share === null && low !== null) yield 'It has an interval of its share, but no share.'
  if (low !== null && high !== null && low > high) yield `The interval of its share runs from ${low} down to ${high}.`
}
