import { DatasetError, findNamed, InputError } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { readOutcomes, readTable, readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import {
  leaderboard,
  type LeaderboardRow,
  poolScores,
  rankTask,
  type Task,
  type TaskTruths,
  type Track,
  type TruthKind,
  truthKinds,
  taskTruths,
} from '@loadbearing/ranking'
import { runRow, startMeter } from './cost.ts'
import { taskOutcomes } from './task-outcomes.ts'

export interface RankOptions {
  /** The dataset folder that holds ground truth and scores. */
  readonly out: string
  /** Names of models and perturbations to rank on; all by default. */
  readonly models?: readonly string[]
  readonly perturbations?: readonly string[]
  /** Ranks at this one intensity of the grid instead of pooling the live ones. */
  readonly intensity?: number
}

/** A task as it was ranked: the problem, and the row that the dataset keeps of it. */
export interface RankedTask {
  readonly task: Task
  readonly truth: TruthKind
  readonly live: readonly number[]
  readonly reason: string | null
}

/** The tables of a ranking. */
export interface Ranked {
  readonly tasks: readonly RankedTask[]
  /** The table of every kind of truth, over the tasks that count. */
  readonly leaderboards: Readonly<Record<TruthKind, Readonly<Record<Track, readonly LeaderboardRow[]>>>>
}

/**
 * Ranks all scored criteria on the measured truth. The whole ranking is stored in the folder; one on a choice of models, perturbations
 * or a single intensity is only returned.
 *
 * @throws DatasetError when the folder lacks truth or scores, or is damaged; InputError on an unknown name or an intensity that is not on
 *   the grid
 */
export async function rank({ out, models, perturbations, intensity }: RankOptions): Promise<Ranked> {
  const meter = startMeter()
  const tables = await readTables(out)
  const chosenModels = chosen('measured model', models, tables.models)
  const chosenPerturbations = chosen('measured perturbation', perturbations, tables.perturbations)
  const contestants = tables.criteria.map(({ name, track }) => ({ name, track: track as Track }))
  const names = contestants.map(({ name }) => name)

  const ranked: RankedTask[] = []
  const rows = { tasks: [] as Row<'tasks'>[], truths: [] as Row<'truths'>[], rankings: [] as Row<'rankings'>[] }
  for (const model of chosenModels) {
    const layers = tables.layers.filter(({ model_id: id }) => id === model.model_id)
    const scores = tables.scores.filter(({ model_id: id }) => id === model.model_id)
    for (const perturbation of chosenPerturbations) {
      const cells = tables.sensitivity.filter(
        (cell) => cell.model_id === model.model_id && cell.perturbation_id === perturbation.perturbation_id,
      )
      if (cells.length === 0) continue
      const outcomes = taskOutcomes(model, perturbation, layers, cells, tables.outcomes)
      const measured = taskTruths(outcomes, {
        seed: [model.sha256, perturbation.name],
        ...(intensity !== undefined && { levels: [levelOf(perturbation, intensity)] }),
      })
      const scored = scoresOf(
        tables.criteria,
        scores,
        perturbation.perturbation_id,
        layers,
        measured.live,
        outcomes.levels,
      )
      for (const truth of truthKinds) {
        const task = taskOf(model, perturbation, truth, measured, scored.values)
        const { status, ceiling, layers: truths } = measured.truths[truth]
        const reason = status.counts ? null : status.reason
        ranked.push({ task, truth, live: measured.live, reason })
        const taskId = rows.tasks.length
        rows.tasks.push({
          task_id: taskId,
          model_id: model.model_id,
          perturbation_id: perturbation.perturbation_id,
          truth,
          layers: layers.length,
          live_levels: measured.live.join(),
          ceiling: ceiling.value,
          counts: status.counts,
          reason,
        })
        truths.forEach((its, depth) => {
          if (!its) return
          const { value, low, high } = its
          rows.truths.push({ task_id: taskId, layer_id: layers[depth]!.layer_id, value, low, high })
        })
        const seed = [model.sha256, perturbation.name, truth]
        for (const [name, ranking] of rankTask(task, names, { seed })) {
          rows.rankings.push({
            task_id: taskId,
            criterion_id: names.indexOf(name),
            spearman: ranking.spearman,
            share: ranking.share,
            share_low: ranking.shareLow,
            share_high: ranking.shareHigh,
            kendall: ranking.kendall,
            recall_top20: ranking.recallTop20,
            ndcg: ranking.ndcg,
            regret: ranking.regret,
            constant: ranking.constant,
            failed_layers: ranking.failedLayers,
            reason: ranking.reason === undefined ? null : (scored.reasons.get(name) ?? ranking.reason),
          })
        }
      }
    }
  }
  if (ranked.length === 0)
    throw new InputError('None of the chosen models was measured under the chosen perturbations.')

  const board = (truth: TruthKind) =>
    leaderboard(
      ranked.flatMap((its) => (its.truth === truth ? [its.task] : [])),
      contestants,
      { seed: [truth] },
    )
  const leaderboards = { 'accuracy-drop': board('accuracy-drop'), 'bounded-kl': board('bounded-kl') }
  meter.stop()

  if (models === undefined && perturbations === undefined && intensity === undefined) {
    const runs = (await readTableIfThere(out, 'runs')).filter(({ kind }) => kind !== 'rank')
    const cost = { ...meter.read(), examples: 0, forwards: 0, threads: 1 }
    await writeTables(out, {
      ...rows,
      leaderboard: truthKinds.flatMap((truth) =>
        (['predictor', 'probe'] as const).flatMap((track) =>
          leaderboards[truth][track].map((row) => leaderboardRow(names.indexOf(row.criterion), truth, row)),
        ),
      ),
      runs: [...runs, runRow('rank', null, null, cost)],
    })
  }
  return { tasks: ranked, leaderboards }
}

async function readTables(out: string) {
  const scores = await readTableIfThere(out, 'scores')
  if (scores.length === 0) {
    throw new DatasetError(`${out} holds no scores to rank.`, { hint: 'Score first: npx loadbearing score.' })
  }
  const [models, layers, perturbations, sensitivity, criteria, outcomes] = await Promise.all([
    readTable(out, 'models'),
    readTable(out, 'layers'),
    readTable(out, 'perturbations'),
    readTable(out, 'sensitivity'),
    readTable(out, 'criteria'),
    readOutcomes(out),
  ])
  return { models, layers, perturbations, sensitivity, criteria, outcomes, scores }
}

function chosen<T extends { readonly name: string }>(
  kind: string,
  names: readonly string[] | undefined,
  rows: T[],
): T[] {
  return names?.map((name) => findNamed(kind, name, rows)) ?? rows
}

function levelOf({ name, intensities, unit }: Row<'perturbations'>, intensity: number): number {
  const grid = intensities.split(',').map(Number)
  const level = grid.indexOf(intensity)
  if (level >= 0) return level
  throw new InputError(`${name} was not measured at the intensity ${intensity}.`, {
    hint: `Its grid (${unit}): ${grid.join(', ')}.`,
  })
}

function taskOf(
  model: Row<'models'>,
  perturbation: Row<'perturbations'>,
  truth: TruthKind,
  { truths }: TaskTruths,
  scores: Task['scores'],
): Task {
  const { layers, ceiling, status } = truths[truth]
  return {
    model: model.name,
    family: model.family,
    perturbation: perturbation.name,
    group: perturbation.group,
    truth: layers.map((its) => its?.value ?? null),
    ceiling: ceiling.value,
    counts: status.counts,
    scores,
  }
}

/** What every criterion said of a model's layers for one perturbation: pooled over the live levels where it is aware of them. */
function scoresOf(
  criteria: readonly Row<'criteria'>[],
  scores: readonly Row<'scores'>[],
  perturbationId: number,
  layers: readonly Row<'layers'>[],
  live: readonly number[],
  levels: number,
): { values: Task['scores']; reasons: ReadonlyMap<string, string> } {
  const firstLayer = layers[0]!.layer_id
  const values = new Map<string, (number | null)[]>()
  const reasons = new Map<string, string>()
  for (const { criterion_id: id, name, aware } of criteria) {
    const rows = scores.filter((row) => row.criterion_id === id && (!aware || row.perturbation_id === perturbationId))
    if (rows.length === 0) {
      reasons.set(name, 'was not scored on this model')
      continue
    }
    const byLevel = Array.from({ length: aware ? levels : 1 }, () => layers.map((): number | null => null))
    for (const row of rows) byLevel[row.level ?? 0]![row.layer_id - firstLayer] = row.value
    values.set(name, aware ? poolScores(byLevel, live) : byLevel[0]!)
    const reason = rows.find((row) => row.reason !== null && (row.level === null || live.includes(row.level)))?.reason
    if (reason) reasons.set(name, reason)
  }
  return { values, reasons }
}

function leaderboardRow(criterionId: number, truth: TruthKind, row: LeaderboardRow): Row<'leaderboard'> {
  return {
    criterion_id: criterionId,
    truth,
    share: row.share,
    share_low: row.shareLow,
    share_high: row.shareHigh,
    kendall: row.kendall,
    recall_top20: row.recallTop20,
    ndcg: row.ndcg,
    regret: row.regret,
    mean_rank: row.meanRank,
    tasks: row.tasks,
    failures: row.failures,
    constants: row.constants,
  }
}
