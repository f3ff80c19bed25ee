import { findNamed, InputError } from '@loadbearing/core'
import type { Row } from '@loadbearing/dataset'
import { readOutcomes, readTable, readTableIfThere } from '@loadbearing/dataset/folder'
import { type LayerTruth, type TaskOutcomes, taskTruths, type TaskTruths } from '@loadbearing/ranking'
import { keptOutOfHeadline } from './groups.ts'
import { narrowedLosses } from './narrowed-losses.ts'
import { taskOutcomes } from './task-outcomes.ts'

/** Which tasks of a dataset folder to look at; all by default. */
export interface TaskChoice {
  /** Names of models and perturbations. */
  readonly models?: readonly string[]
  readonly perturbations?: readonly string[]
  /** This one intensity of the grid instead of all live ones pooled. */
  readonly intensity?: number
}

/** A model under a perturbation, as measured, and the truth that follows from it. */
export interface MeasuredTask {
  readonly model: Row<'models'>
  readonly perturbation: Row<'perturbations'>
  /** The model's layers, in order of depth. */
  readonly layers: readonly Row<'layers'>[]
  readonly outcomes: TaskOutcomes
  /** Where cells were narrowed one by one: the loss at a level, each of its draws on all images that it was measured on. */
  readonly narrowed?: (layer: number, level: number) => LayerTruth | null
  readonly measured: TaskTruths
}

/**
 * The ground truth in a dataset folder, task by task, in order of models and perturbations.
 *
 * @throws DatasetError when a table is missing or damaged; InputError on an unknown name, an intensity that is not on the grid, or a
 *   choice of which nothing was measured
 */
export async function measuredTasks(folder: string, choice: TaskChoice = {}): Promise<MeasuredTask[]> {
  const [models, layers, perturbations, efforts, sensitivity, intervals, outcomes] = await Promise.all([
    readTable(folder, 'models'),
    readTable(folder, 'layers'),
    readTable(folder, 'perturbations'),
    readTableIfThere(folder, 'efforts'),
    readTable(folder, 'sensitivity'),
    readTableIfThere(folder, 'intervals'),
    readOutcomes(folder),
  ])
  const byCell = new Map(intervals.map((interval) => [interval.cell_id, interval]))
  const tasks: MeasuredTask[] = []
  for (const model of chosen('measured model', choice.models, models)) {
    const its = layers.filter(({ model_id: id }) => id === model.model_id)
    for (const perturbation of chosen('measured perturbation', choice.perturbations, perturbations)) {
      const cells = sensitivity.filter(
        (cell) => cell.model_id === model.model_id && cell.perturbation_id === perturbation.perturbation_id,
      )
      if (cells.length === 0) continue
      const effort = efforts.find(
        (row) => row.model_id === model.model_id && row.perturbation_id === perturbation.perturbation_id,
      )
      const task = taskOutcomes(model, perturbation, its, effort?.live_levels ?? null, cells, outcomes)
      const truths = taskTruths(task, {
        seed: [model.sha256, perturbation.name],
        ...(choice.intensity !== undefined && { levels: [levelOf(perturbation, choice.intensity)] }),
      })
      const measured = withoutHeadline(truths, keptOutOfHeadline(perturbation))
      const isNarrowed = effort !== undefined && effort.interval !== null
      const narrowed = isNarrowed ? { narrowed: narrowedLosses(its, cells, byCell) } : {}
      tasks.push({ model, perturbation, layers: its, outcomes: task, measured, ...narrowed })
    }
  }
  if (tasks.length > 0) return tasks
  throw new InputError('None of the chosen models was measured under the chosen perturbations.')
}

/** The truths of a task that may not count, whatever they are. */
function withoutHeadline(task: TaskTruths, reason: string | undefined): TaskTruths {
  if (reason === undefined) return task
  const status = { counts: false, reason } as const
  const { 'accuracy-drop': drop, 'bounded-kl': kl } = task.truths
  return { ...task, truths: { 'accuracy-drop': { ...drop, status }, 'bounded-kl': { ...kl, status } } }
}

function chosen<T extends { readonly name: string }>(
  kind: string,
  names: readonly string[] | undefined,
  rows: readonly T[],
): readonly T[] {
  return names?.map((name) => findNamed(kind, name, rows)) ?? rows
}

/** The grid of a stored perturbation, weakest first. */
export function intensitiesOf({ intensities }: Row<'perturbations'>): number[] {
  return intensities.split(',').map(Number)
}

function levelOf(perturbation: Row<'perturbations'>, intensity: number): number {
  const grid = intensitiesOf(perturbation)
  const level = grid.indexOf(intensity)
  if (level >= 0) return level
  throw new InputError(`${perturbation.name} was not measured at the intensity ${intensity}.`, {
    hint: `Its grid (${perturbation.unit}): ${grid.join(', ')}.`,
  })
}
