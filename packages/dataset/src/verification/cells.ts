import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { gridOf } from './grid.ts'
import { ascending } from './order.ts'

type Cell = Row<'sensitivity'>

/** A cell is one of its model, layer and perturbation, and holds either all results or the reason why there are none. */
export function* cells({ models, layers, perturbations, sensitivity }: OpenTables): Generator<Finding> {
  if (!models || !layers || !perturbations || !sensitivity) return
  const grids = perturbations.map(gridOf)
  for (const [row, cell] of sensitivity.entries()) {
    const model = models[cell.model_id]
    const layer = layers[cell.layer_id]
    if (layer && layer.model_id !== cell.model_id) {
      const message = `Layer ${cell.layer_id} belongs to model ${layer.model_id}, not to model ${cell.model_id}.`
      yield { table: 'sensitivity', row, message }
    }
    yield* about('sensitivity', row, brokenLevel(cell, grids[cell.perturbation_id]))
    if (model) yield* about('sensitivity', row, brokenBaseline(cell, model))
    const perturbsWeights = perturbations[cell.perturbation_id]?.target === 'weights'
    yield* about('sensitivity', row, brokenCompleteness(cell, perturbsWeights))
    yield* about('sensitivity', row, brokenCounts(cell))
  }
  yield* ascending(
    'sensitivity',
    sensitivity.map((cell) => [cell.model_id, cell.layer_id, cell.perturbation_id, cell.level, cell.repeat]),
    'model, layer, perturbation, level and repeat',
  )
}

function* brokenLevel({ level, intensity, perturbation_id: id }: Cell, grid: number[] | undefined): Generator<string> {
  if (grid && grid[level] !== intensity) {
    yield `intensity is ${intensity} at level ${level}, but the grid of perturbation ${id} is ${grid.join(', ')}.`
  }
}

function* brokenBaseline(cell: Cell, model: Row<'models'>): Generator<string> {
  if (cell.images > model.images) yield `images is ${cell.images}, but its model was measured on ${model.images}.`
  if (cell.images === model.images && cell.clean_correct !== model.clean_correct) {
    yield `clean_correct is ${cell.clean_correct}, but that of its model is ${model.clean_correct}.`
  }
}

const results = ['correct', 'changed', 'non_finite', 'bounded_kl', 'outcome_offset'] as const
const means = ['mean_kl', 'mean_loss'] as const

function* brokenCompleteness(cell: Cell, perturbsWeights: boolean): Generator<string> {
  const there = [...results, ...means, 'weight_sha256' as const].filter((name) => cell[name] !== null)
  if (cell.reason !== null) {
    if (there.length > 0) yield `It has a reason why it was not measured, and still ${there.join(', ')}.`
    return
  }
  const expected = perturbsWeights ? [...results, 'weight_sha256' as const] : results
  const missing = expected.filter((name) => cell[name] === null)
  if (missing.length > 0) yield `${missing.join(', ')} is null, and no reason says why.`
  for (const name of means) {
    if ((cell[name] === null) === (cell.non_finite ?? 0) > 0) continue
    yield `${name} is ${String(cell[name])} although non_finite is ${String(cell.non_finite)}.`
  }
}

function* brokenCounts(cell: Cell): Generator<string> {
  for (const name of ['clean_correct', 'correct', 'changed', 'non_finite'] as const) {
    const count = cell[name] ?? 0
    if (count > cell.images) yield `${name} is ${count}, more than its ${cell.images} images.`
  }
  const [wrong, nonFinite] = [cell.images - (cell.correct ?? 0), cell.non_finite ?? 0]
  if (wrong >= 0 && nonFinite <= cell.images && nonFinite > wrong) {
    yield `non_finite is ${nonFinite}, more than the images that are wrong, ${wrong}.`
  }
  const fraction = cell.bounded_kl ?? 0
  if (fraction < 0 || fraction > 1) yield `bounded_kl is ${fraction}, which is no fraction from 0 to 1.`
  if (cell.weight_sha256 !== null && !/^[0-9a-f]{16}$/.test(cell.weight_sha256)) {
    yield `weight_sha256 is '${cell.weight_sha256}', which are not 16 hex digits.`
  }
}
