import { type Row, truthKinds } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { gridOf, levelsIn } from './grid.ts'
import { ascending } from './order.ts'
import { pairOf } from './pairs.ts'

/** A task is a model under a perturbation that was measured, and counts or says why not. */
export function* tasks({ models, perturbations, sensitivity, tasks: all }: OpenTables): Generator<Finding> {
  if (!models || !perturbations || !sensitivity || !all) return
  const measured = new Set(sensitivity.map(pairOf))
  for (const [row, task] of all.entries()) {
    const perturbation = perturbations[task.perturbation_id]
    if (!measured.has(pairOf(task))) {
      const message = `sensitivity has no cell of model ${task.model_id} under perturbation ${task.perturbation_id}.`
      yield { table: 'tasks', row, message }
    }
    yield* about('tasks', row, brokenTask(task, models[task.model_id]))
    if (perturbation) yield* about('tasks', row, brokenLevels(task, gridOf(perturbation).length))
  }
  yield* ascending(
    'tasks',
    all.map((task) => [task.model_id, task.perturbation_id, truthKinds.findIndex((kind) => kind === task.truth)]),
    'model, perturbation and truth',
  )
}

function* brokenTask(task: Row<'tasks'>, model: Row<'models'> | undefined): Generator<string> {
  if (!truthKinds.some((kind) => kind === task.truth)) {
    yield `truth is '${task.truth}', not one of ${truthKinds.join(', ')}.`
  }
  if (model && task.layers !== model.layers) yield `layers is ${task.layers}, but its model has ${model.layers}.`
  if (task.counts && task.reason !== null) yield 'It counts, and still has a reason why it does not.'
  if (!task.counts && task.reason === null) yield 'It does not count, and no reason says why.'
  if (task.counts && task.ceiling === null) yield 'It counts, but has no noise ceiling.'
}

function* brokenLevels({ live_levels: text }: Row<'tasks'>, levels: number): Generator<string> {
  if (!levelsIn(text, levels)) yield `live_levels is '${text}', which are no ascending indices of the ${levels} levels.`
}
