import type { Row } from '@loadbearing/dataset'
import {
  type LayerScoreValues,
  type LayerTruth,
  poolScores,
  type Task,
  type TaskRankingWithInterval,
  type TruthKind,
  truthKinds,
} from '@loadbearing/ranking'
import type { Criterion } from './criteria.ts'
import { known } from './known.ts'
import { grouped, numbers } from './lists.ts'
import type { Model } from './models.ts'
import type { Perturbation } from './perturbations.ts'
import type { StoredRows } from './tables.ts'

/** A ranking problem as it was stored: a model × a perturbation, in one kind of truth. */
export interface RankedTask {
  readonly id: number
  readonly model: Model
  readonly perturbation: Perturbation
  readonly kind: TruthKind
  /** Indices of the live levels, weakest first. */
  readonly liveLevels: readonly number[]
  readonly ceiling: number | null
  readonly counts: boolean
  /** Why it does not count, where it does not. */
  readonly reason: string | null
  /** Pooled truth with its 95 % interval, an entry a layer in order of depth; null where it was not measured. */
  readonly truths: readonly (LayerTruth | null)[]
  /** The same problem as @loadbearing/ranking takes it: rank again with it. */
  readonly task: Task
  /** How well each criterion orders the layers, by its name, as stored. */
  readonly rankings: ReadonlyMap<string, TaskRankingWithInterval>
}

/** @throws DatasetError where a row names what is not there */
export function tasksOf(
  rows: StoredRows,
  models: readonly Model[],
  perturbations: readonly Perturbation[],
  criteria: readonly Criterion[],
): RankedTask[] {
  const truths = grouped(rows.truths, (row) => row.task_id)
  const rankings = grouped(rows.rankings, (row) => row.task_id)
  const scores = grouped(rows.scores, (row) => `${row.criterion_id} ${row.model_id}`)
  return rows.tasks.map((row) => {
    const model = known('model', models[row.model_id])
    const perturbation = known('perturbation', perturbations[row.perturbation_id])
    const liveLevels = numbers(row.live_levels)
    const byLayer = new Map(truths.get(row.task_id)?.map((truth) => [truth.layer_id, truth]))
    const its = model.layers.map(({ id }): LayerTruth | null => {
      const truth = byLayer.get(id)
      return truth ? { value: truth.value, low: truth.low, high: truth.high } : null
    })
    const said = criteria.flatMap((criterion) => {
      const of = scores.get(`${criterion.id} ${model.id}`)
      return of ? [[criterion.name, scoresOn(of, criterion, model, perturbation, liveLevels)] as const] : []
    })
    return {
      id: row.task_id,
      model,
      perturbation,
      kind: known(
        'kind of truth',
        truthKinds.find((kind) => kind === row.truth),
      ),
      liveLevels,
      ceiling: row.ceiling,
      counts: row.counts,
      reason: row.reason,
      truths: its,
      task: {
        model: model.name,
        family: model.family,
        perturbation: perturbation.name,
        group: perturbation.group,
        truth: its.map((truth) => truth?.value ?? null),
        ceiling: row.ceiling,
        counts: row.counts,
        scores: new Map(said),
      },
      rankings: new Map(
        rankings
          .get(row.task_id)
          ?.map((ranking) => [known('criterion', criteria[ranking.criterion_id]).name, rankingOf(ranking)]),
      ),
    }
  })
}

function scoresOn(
  rows: readonly Row<'scores'>[],
  { aware }: Criterion,
  { layers }: Model,
  perturbation: Perturbation,
  liveLevels: readonly number[],
): LayerScoreValues {
  const levels = aware ? perturbation.intensities.length : 1
  const depths = new Map(layers.map(({ id, depth }) => [id, depth]))
  const byLevel = Array.from({ length: levels }, () => layers.map((): number | null => null))
  for (const row of rows) {
    if (aware && row.perturbation_id !== perturbation.id) continue
    byLevel[row.level ?? 0]![known('layer', depths.get(row.layer_id))] = row.value
  }
  return aware ? poolScores(byLevel, liveLevels) : byLevel[0]!
}

function rankingOf(row: Row<'rankings'>): TaskRankingWithInterval {
  return {
    spearman: row.spearman,
    share: row.share,
    shareLow: row.share_low,
    shareHigh: row.share_high,
    kendall: row.kendall,
    recallTop20: row.recall_top20,
    ndcg: row.ndcg,
    regret: row.regret,
    constant: row.constant,
    failedLayers: row.failed_layers,
    ...(row.reason !== null && { reason: row.reason }),
  }
}
