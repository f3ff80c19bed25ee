import { running } from '@loadbearing/core'
import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { gridOf } from './grid.ts'
import { ascending } from './order.ts'

type Score = Row<'scores'>

/** A score is a value or the reason why there is none, of a layer of its model, at a level where its criterion is aware of levels. */
export function* scores({ criteria, layers, perturbations, scores: all }: OpenTables): Generator<Finding> {
  if (!criteria || !layers || !perturbations || !all) return
  const levels = perturbations.map((perturbation) => gridOf(perturbation).length)
  for (const [row, score] of all.entries()) {
    const layer = layers[score.layer_id]
    if (layer && layer.model_id !== score.model_id) {
      const message = `Layer ${score.layer_id} belongs to model ${layer.model_id}, not to model ${score.model_id}.`
      yield { table: 'scores', row, message }
    }
    yield* about('scores', row, brokenValue(score))
    const criterion = criteria[score.criterion_id]
    if (criterion) {
      yield* about('scores', row, brokenLevel(score, criterion.aware, levels))
      yield* about('scores', row, brokenEngine(score, criterion.needs))
    }
  }
  yield* ascending(
    'scores',
    all.map((score) => [
      score.criterion_id,
      score.model_id,
      score.perturbation_id ?? -1,
      score.level ?? -1,
      score.layer_id,
    ]),
    'criterion, model, perturbation, level and layer',
  )
}

/** A criterion that was scored on a model has said something about each of its layers, or why not. */
export function* completeScores({ models, scores: all }: OpenTables): Generator<Finding> {
  if (!models || !all) return
  const groups = new Map<string, { first: number; count: number }>()
  for (const [row, { criterion_id: criterion, model_id: model, perturbation_id: id, level }] of all.entries()) {
    const key = JSON.stringify([criterion, model, id, level])
    const group = groups.get(key) ?? { first: row, count: 0 }
    groups.set(key, { ...group, count: group.count + 1 })
  }
  for (const { first, count } of groups.values()) {
    const { criterion_id: criterion, model_id: model } = all[first]!
    const expected = models[model]?.layers
    if (expected === undefined || count === expected) continue
    const message = `From here on, criterion ${criterion} has scores of ${count} layers of model ${model}, which has ${expected}.`
    yield { table: 'scores', row: first, message }
  }
}

function* brokenValue({ value, standard_error: error, capped, reason }: Score): Generator<string> {
  if (value === null && reason === null) yield 'It has no value, and no reason says why.'
  if (value !== null && reason !== null) yield 'It has a value, and still a reason why there is none.'
  if (value === null && error !== null) yield 'It has a standard error, but no value.'
  if (value === null && capped) yield 'It is capped, but has no value.'
  if (error !== null && error < 0) yield `standard_error is ${error}, less than 0.`
}

function* brokenLevel(
  { perturbation_id: id, level }: Score,
  aware: boolean,
  levels: readonly number[],
): Generator<string> {
  const wanted = aware ? 'aware of perturbations' : 'not aware of perturbations'
  if ((id !== null) !== aware || (level !== null) !== aware) {
    yield `perturbation_id is ${String(id)} and level ${String(level)}, but its criterion is ${wanted}.`
  } else if (id !== null && level !== null && level >= (levels[id] ?? Infinity)) {
    yield `level is ${level}, but perturbation ${id} has ${levels[id]!} levels.`
  }
}

function* brokenEngine({ engine }: Score, needs: string): Generator<string> {
  const runs = needs.split(',').some((need) => running.some((its) => its === need))
  if (engine === '') yield 'engine is empty; null stands for none.'
  else if (engine !== null && !runs) yield `engine is ${engine}, but its criterion runs no network.`
}
