import { type Row, truthKinds } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { brokenInterval } from './rankings.ts'

/** The leaderboard counts what tasks and rankings hold. */
export function* leaderboard({ tasks, rankings, leaderboard: all }: OpenTables): Generator<Finding> {
  if (!tasks || !rankings || !all) return
  const seen = new Set<string>()
  for (const [row, entry] of all.entries()) {
    const key = `${entry.criterion_id}/${entry.truth}`
    if (seen.has(key)) yield { table: 'leaderboard', row, message: 'Its criterion has a row for this truth already.' }
    seen.add(key)
    const counting = rankings.filter(({ task_id: id, criterion_id: criterion }) => {
      const task = tasks[id]
      return task?.counts === true && task.truth === entry.truth && criterion === entry.criterion_id
    })
    yield* about('leaderboard', row, brokenEntry(entry, counting))
    yield* about('leaderboard', row, brokenInterval(entry))
  }
}

function* brokenEntry(entry: Row<'leaderboard'>, rankings: readonly Row<'rankings'>[]): Generator<string> {
  if (!truthKinds.some((kind) => kind === entry.truth)) {
    yield `truth is '${entry.truth}', not one of ${truthKinds.join(', ')}.`
  }
  const counts = {
    tasks: rankings.length,
    failures: rankings.filter(({ failed_layers: failed }) => failed > 0).length,
    constants: rankings.filter(({ constant }) => constant).length,
  }
  for (const name of ['tasks', 'failures', 'constants'] as const) {
    if (entry[name] !== counts[name]) yield `${name} is ${entry[name]}, but rankings has ${counts[name]} that count.`
  }
  if ((entry.share === null) !== (entry.tasks === 0)) {
    yield `share is ${String(entry.share)}, but ${entry.tasks} tasks count.`
  }
}
