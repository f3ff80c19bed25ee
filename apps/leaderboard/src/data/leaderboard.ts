import { findNamed } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { type Leaderboard, leaderboard, type LeaderboardRow, type TruthKind } from '@loadbearing/ranking'
import type { Criterion } from './criteria.ts'
import type { Dataset } from './dataset.ts'
import type { StoredRows } from './tables.ts'

/** Which tasks to rank on, by name; all where left out. */
export interface TaskChoice {
  readonly models?: readonly string[]
  readonly perturbations?: readonly string[]
}

/**
 * The table for one kind of truth: the stored one where nothing is chosen, otherwise ranked again on the chosen tasks as `loadbearing rank`
 * does, to the same numbers.
 *
 * @throws InputError on an unknown name, with the nearest
 */
export function leaderboardOf(dataset: Dataset, kind: TruthKind, choice: TaskChoice = {}): Leaderboard {
  const models = choice.models?.map((name) => findNamed('measured model', name, dataset.models).name)
  const perturbations = choice.perturbations?.map(
    (name) => findNamed('measured perturbation', name, dataset.perturbations).name,
  )
  if (!models && !perturbations) return dataset.leaderboards[kind]
  const tasks = dataset.tasks.filter(
    (ranked) =>
      ranked.kind === kind &&
      (models?.includes(ranked.model.name) ?? true) &&
      (perturbations?.includes(ranked.perturbation.name) ?? true),
  )
  return leaderboard(
    tasks.map(({ task }) => task),
    dataset.criteria,
    { seed: [kind] },
  )
}

/** The stored table, best first. */
export function storedLeaderboard(rows: StoredRows, criteria: readonly Criterion[], kind: TruthKind): Leaderboard {
  const of = rows.leaderboard.filter(({ truth }) => truth === kind)
  const table = (track: Criterion['track']): LeaderboardRow[] =>
    of.flatMap((row) =>
      criteria
        .filter((criterion) => criterion.id === row.criterion_id && criterion.track === track)
        .map((criterion) => rowOf(row, criterion)),
    )
  return { predictor: table('predictor'), probe: table('probe') }
}

function rowOf(row: Row<'leaderboard'>, { name, track }: Criterion): LeaderboardRow {
  return {
    criterion: name,
    track,
    share: row.share,
    shareLow: row.share_low,
    shareHigh: row.share_high,
    kendall: row.kendall,
    recallTop20: row.recall_top20,
    ndcg: row.ndcg,
    regret: row.regret,
    meanRank: row.mean_rank,
    tasks: row.tasks,
    failures: row.failures,
    constants: row.constants,
  }
}
