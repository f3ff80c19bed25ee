import type { Row } from '@loadbearing/dataset'
import type { LayerTruth } from '@loadbearing/ranking'

/**
 * The loss of a layer at a level whose cells were narrowed one by one: the mean over its draws, each on all of its images. The interval is
 * the mean of theirs, and speaks of these draws: of others, more draws tell.
 *
 * @param layers the model's layers, in order of depth
 * @param cells the rows of sensitivity of one model and perturbation
 * @param intervals by the number of the cell
 */
export function narrowedLosses(
  layers: readonly Row<'layers'>[],
  cells: readonly Row<'sensitivity'>[],
  intervals: ReadonlyMap<number, Row<'intervals'>>,
): (layer: number, level: number) => LayerTruth | null {
  return (depth, level) => {
    const cellsThere = cells.filter((cell) => cell.layer_id === layers[depth]?.layer_id && cell.level === level)
    const its = cellsThere.flatMap(({ cell_id: id }) => intervals.get(id) ?? [])
    if (its.length < cellsThere.length || its.length === 0) return null
    const mean = (of: (interval: LayerTruth) => number): number =>
      its.reduce((sum, interval) => sum + of(interval), 0) / its.length
    return { value: mean(({ value }) => value), low: mean(({ low }) => low), high: mean(({ high }) => high) }
  }
}
