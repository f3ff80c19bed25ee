import { DatasetError } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { readTable, readTableIfThere, type TablesToWrite, writeTables } from '@loadbearing/dataset/folder'
import {
  type CriterionSizeEffect,
  leaderboard,
  type LeaderboardRow,
  poolScores,
  rankTask,
  type Task,
  type TaskRankingWithInterval,
  type Track,
  type TruthKind,
  truthKinds,
} from '@loadbearing/ranking'
import { withFolderLock } from './folder-lock.ts'
import { type MeasuredTask, measuredTasks, type TaskChoice } from './measured-tasks.ts'
import { type ScoredTask, sizeEffects } from './size-effects.ts'

export interface RankOptions extends TaskChoice {
  /** The dataset folder that holds ground truth and scores. */
  readonly out: string
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
  /** How every criterion's scores go with the size of the layers: once a model, or once a task where it is aware. */
  readonly sizeEffects: readonly CriterionSizeEffect[]
  /** What ran the network for each criterion, by name: none for one that reads the weights alone. */
  readonly engines: ReadonlyMap<string, readonly string[]>
}

/**
 * Ranks all scored criteria on the measured truth. The whole ranking is stored in the folder; one on a choice of models, perturbations
 * or a single intensity is only returned.
 *
 * @throws DatasetError when the folder lacks truth or scores, or is damaged; InputError on an unknown name, an intensity that is not on
 *   the grid, or when another process writes to the folder in which the ranking is to be stored
 */
export async function rank({ out, ...choice }: RankOptions): Promise<Ranked> {
  if ((await readTableIfThere(out, 'scores')).length === 0) {
    throw new DatasetError(`${out} holds no scores to rank.`, { hint: 'Score first: npx loadbearing score.' })
  }
  if (!isEverything(choice)) return (await rankChosen(out, choice)).ranked
  // Locked before it reads: a ranking of scores that changed meanwhile would not fit them.
  return withFolderLock(out, async () => {
    const { ranked, tables } = await rankChosen(out, {})
    await writeTables(out, tables)
    return ranked
  })
}

async function rankChosen(
  out: string,
  choice: TaskChoice,
): Promise<{ readonly ranked: Ranked; readonly tables: TablesToWrite }> {
  const scores = await readTable(out, 'scores')
  const criteria = await readTable(out, 'criteria')
  const contestants = criteria.map(({ name, track }) => ({ name, track: track as Track }))
  const names = contestants.map(({ name }) => name)

  const tasks: RankedTask[] = []
  const scored: ScoredTask[] = []
  const rows = { tasks: [] as Row<'tasks'>[], truths: [] as Row<'truths'>[], rankings: [] as Row<'rankings'>[] }
  for (const its of await measuredTasks(out, choice)) {
    const { model, perturbation, layers, measured } = its
    const said = scoresOf(criteria, scores, its)
    scored.push({ model, perturbation, layers, scores: said.values })
    for (const truth of truthKinds) {
      const { status, ceiling, layers: truths } = measured.truths[truth]
      const task = taskOf(its, truth, said.values)
      const reason = status.counts ? null : status.reason
      tasks.push({ task, truth, live: measured.live, reason })
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
      truths.forEach((value, depth) => {
        if (value) rows.truths.push({ task_id: taskId, layer_id: layers[depth]!.layer_id, ...value })
      })
      for (const [name, ranking] of rankTask(task, names, { seed: [model.sha256, perturbation.name, truth] })) {
        rows.rankings.push(rankingRow(taskId, names.indexOf(name), ranking, said.reasons.get(name)))
      }
    }
  }

  const board = (truth: TruthKind) =>
    leaderboard(
      tasks.flatMap((ranked) => (ranked.truth === truth ? [ranked.task] : [])),
      contestants,
      { seed: [truth] },
    )
  const leaderboards = { 'accuracy-drop': board('accuracy-drop'), 'bounded-kl': board('bounded-kl') }
  const rowsOfBoards = truthKinds.flatMap((truth) =>
    (['predictor', 'probe'] as const).flatMap((track) =>
      leaderboards[truth][track].map((row) => leaderboardRow(names.indexOf(row.criterion), truth, row)),
    ),
  )
  const engines = new Map(
    names.map((name, id) => [
      name,
      [...new Set(scores.flatMap((row) => (row.criterion_id === id ? (row.engine ?? []) : [])))],
    ]),
  )
  const sizes = sizeEffects(criteria, scored)
  return {
    ranked: { tasks, leaderboards, engines, sizeEffects: sizes.map(({ effect }) => effect) },
    tables: { ...rows, leaderboard: rowsOfBoards, size_effects: sizes.map(({ row }) => row) },
  }
}

function isEverything({ models, perturbations, intensity }: TaskChoice): boolean {
  return models === undefined && perturbations === undefined && intensity === undefined
}

function taskOf({ model, perturbation, measured }: MeasuredTask, truth: TruthKind, scores: Task['scores']): Task {
  const { layers, ceiling, status } = measured.truths[truth]
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

/** What every criterion said of a task's layers, pooled over the live levels where it is aware of them; and why one said nothing. */
function scoresOf(
  criteria: readonly Row<'criteria'>[],
  scores: readonly Row<'scores'>[],
  { model, perturbation, layers, outcomes, measured }: MeasuredTask,
): { values: Task['scores']; reasons: ReadonlyMap<string, string> } {
  const firstLayer = layers[0]!.layer_id
  const values = new Map<string, (number | null)[]>()
  const reasons = new Map<string, string>()
  for (const { criterion_id: id, name, aware } of criteria) {
    const rows = scores.filter(
      (row) =>
        row.criterion_id === id &&
        row.model_id === model.model_id &&
        (!aware || row.perturbation_id === perturbation.perturbation_id),
    )
    if (rows.length === 0) {
      reasons.set(name, 'was not scored on this model')
      continue
    }
    const byLevel = Array.from({ length: aware ? outcomes.levels.length : 1 }, () =>
      layers.map((): number | null => null),
    )
    for (const row of rows) byLevel[row.level ?? 0]![row.layer_id - firstLayer] = row.value
    values.set(name, aware ? poolScores(byLevel, measured.live) : byLevel[0]!)
    const failed = rows.find(
      ({ reason, level }) => reason !== null && (level === null || measured.live.includes(level)),
    )
    if (failed?.reason) reasons.set(name, failed.reason)
  }
  return { values, reasons }
}

function rankingRow(
  taskId: number,
  criterionId: number,
  ranking: TaskRankingWithInterval,
  failure: string | undefined,
): Row<'rankings'> {
  return {
    task_id: taskId,
    criterion_id: criterionId,
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
    reason: ranking.reason === undefined ? null : (failure ?? ranking.reason),
  }
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
