import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { gridOf, levelsIn } from './grid.ts'
import { ascending } from './order.ts'
import { pairOf } from './pairs.ts'

/** What a row says was spent is what the cells of its live levels hold. */
export function* efforts({ efforts: all, perturbations, sensitivity }: OpenTables): Generator<Finding> {
  if (!all || !perturbations || !sensitivity) return
  const sizes = new Map<string, { readonly images: number; readonly repeats: number }>()
  for (const cell of sensitivity) {
    const key = `${pairOf(cell)}/${cell.level}`
    sizes.set(key, { images: cell.images, repeats: Math.max(sizes.get(key)?.repeats ?? 0, cell.repeat + 1) })
  }
  for (const [row, effort] of all.entries()) {
    const perturbation = perturbations[effort.perturbation_id]
    if (perturbation) yield* about('efforts', row, brokenEffort(effort, gridOf(perturbation).length, sizes))
  }
  yield* ascending(
    'efforts',
    all.map((effort) => [effort.model_id, effort.perturbation_id]),
    'model and perturbation',
  )
}

function* brokenEffort(
  effort: Row<'efforts'>,
  levels: number,
  sizes: ReadonlyMap<string, { readonly images: number; readonly repeats: number }>,
): Generator<string> {
  const { model_id: model, perturbation_id: id, live_levels: text, images, repeats } = effort
  const live = text === null ? [...Array(levels).keys()] : levelsIn(text, levels)
  if (!live) {
    yield `live_levels is '${String(text)}', which are no ascending indices of the ${levels} levels.`
    return
  }
  for (const level of live) {
    const found = sizes.get(`${pairOf(effort)}/${level}`)
    const isSo = effort.interval === null ? found?.images === images : (found?.images ?? Infinity) <= images
    if (isSo && found?.repeats === repeats) continue
    yield found
      ? `It has ${repeats} draws on ${images} images, but the cells at level ${level} have ${found.repeats} on ${found.images}.`
      : `sensitivity has no cell of model ${model} under perturbation ${id} at level ${level}.`
  }
}
