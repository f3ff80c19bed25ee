import type { NumberColumns, Row, Tables } from '@loadbearing/dataset'
import { countPairs, type LayerTruth, pairedInterval } from '@loadbearing/ranking'

/**
 * The loss of a layer at a level whose cells were narrowed one by one: the mean over its draws, each on all of its images. The interval is
 * the mean of theirs, and speaks of these draws: of others, more draws tell.
 *
 * @param layers the model's layers, in order of depth
 * @param cells the rows of sensitivity of one model and perturbation
 */
export function narrowedLosses(
  model: Row<'models'>,
  layers: readonly Row<'layers'>[],
  cells: readonly Row<'sensitivity'>[],
  outcomes: NumberColumns<Tables['outcomes']>,
): (layer: number, level: number) => LayerTruth | null {
  return (depth, level) => {
    const its = cells.filter((cell) => cell.layer_id === layers[depth]?.layer_id && cell.level === level)
    const intervals = its.flatMap(({ outcome_offset: offset, images }) => {
      if (offset === null) return []
      const clean = outcomes.clean_correct.subarray(offset, offset + images)
      const correct = outcomes.correct.subarray(offset, offset + images)
      return [pairedInterval(countPairs(clean, correct), model.test_images)]
    })
    if (intervals.length < its.length || intervals.length === 0) return null
    const mean = (of: (interval: LayerTruth) => number): number =>
      intervals.reduce((sum, interval) => sum + of(interval), 0) / intervals.length
    return { value: mean(({ value }) => value), low: mean(({ low }) => low), high: mean(({ high }) => high) }
  }
}
