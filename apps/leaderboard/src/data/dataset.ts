import type { Leaderboard, TruthKind } from '@loadbearing/ranking'
import { criteriaOf, type Criterion } from './criteria.ts'
import { type DatasetFile, filesOf } from './files.ts'
import { storedLeaderboard } from './leaderboard.ts'
import { type Model, modelsOf } from './models.ts'
import { type Perturbation, perturbationsOf } from './perturbations.ts'
import { type SensitivityTable, sensitivityOf } from './sensitivity.ts'
import { readStoredTables } from './tables.ts'
import { type RankedTask, tasksOf } from './tasks.ts'

export type { Cost, Criterion } from './criteria.ts'
export type { DatasetFile } from './files.ts'
export { leaderboardOf, type TaskChoice } from './leaderboard.ts'
export type { Model, ModelLayer } from './models.ts'
export type { Perturbation, Source } from './perturbations.ts'
export type { LevelSensitivity, SensitivityTable } from './sensitivity.ts'
export { digestOf } from './tables.ts'
export type { RankedTask } from './tasks.ts'

/** A dataset folder as the site and the API show it: the tables joined, names in place of ids. */
export interface Dataset {
  /** SHA-256 of the folder's SHA256SUMS: names the content. */
  readonly digest: string
  readonly models: readonly Model[]
  readonly perturbations: readonly Perturbation[]
  readonly criteria: readonly Criterion[]
  /** In order of models, perturbations and kinds of truth. */
  readonly tasks: readonly RankedTask[]
  /** In order of models and perturbations. */
  readonly sensitivity: readonly SensitivityTable[]
  /** The stored tables over all tasks that count. */
  readonly leaderboards: Readonly<Record<TruthKind, Leaderboard>>
  readonly files: readonly DatasetFile[]
}

/**
 * Reads a dataset folder, each table once.
 *
 * @throws DatasetError when it is no dataset, was not ranked, or is damaged
 */
export async function readDataset(folder: string): Promise<Dataset> {
  const stored = await readStoredTables(folder)
  const { rows } = stored
  const models = modelsOf(rows)
  const perturbations = perturbationsOf(rows)
  const criteria = criteriaOf(rows)
  return {
    digest: stored.digest,
    models,
    perturbations,
    criteria,
    tasks: tasksOf(rows, models, perturbations, criteria),
    sensitivity: sensitivityOf(rows, models, perturbations),
    leaderboards: {
      'accuracy-drop': storedLeaderboard(rows, criteria, 'accuracy-drop'),
      'bounded-kl': storedLeaderboard(rows, criteria, 'bounded-kl'),
    },
    files: filesOf(stored),
  }
}
