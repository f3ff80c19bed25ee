import type { NumberColumns, Row, Tables } from '@loadbearing/dataset'
import { lossesOf, type TaskOutcomes } from '@loadbearing/ranking'

/**
 * One model under one perturbation, as the statistics see it.
 *
 * @param layers the model's layers, in order of depth
 * @param live the live levels that a pilot fixed, as efforts has them; null where the outcomes decide
 * @param cells the rows of sensitivity of this model and perturbation
 */
export function taskOutcomes(
  model: Row<'models'>,
  perturbation: Row<'perturbations'>,
  layers: readonly Row<'layers'>[],
  live: string | null,
  cells: readonly Row<'sensitivity'>[],
  outcomes: NumberColumns<Tables['outcomes']>,
): TaskOutcomes {
  const levels = perturbation.intensities.split(',').map(() => ({ repeats: 0, images: 0 }))
  for (const { level, repeat, images } of cells) {
    const size = levels[level]!
    size.repeats = Math.max(size.repeats, repeat + 1)
    // Cells that were narrowed one by one differ: what all of them share compares.
    size.images = size.images === 0 ? images : Math.min(size.images, images)
  }
  const offsets = new Map(
    cells.flatMap(({ layer_id: layer, level, repeat, outcome_offset: offset }) =>
      offset === null ? [] : [[`${layer}/${level}/${repeat}`, offset] as const],
    ),
  )
  const offsetOf = (layer: number, level: number, repeat: number): number | undefined =>
    offsets.get(`${layers[layer]!.layer_id}/${level}/${repeat}`)
  return {
    layers: layers.length,
    levels,
    ...(live !== null && { live: live === '' ? [] : live.split(',').map(Number) }),
    classes: model.classes,
    cleanAccuracy: model.clean_correct / model.images,
    stochastic: perturbation.stochastic,
    loss(layer, level, repeat) {
      const offset = offsetOf(layer, level, repeat)
      if (offset === undefined) return undefined
      const end = offset + levels[level]!.images
      return lossesOf(outcomes.clean_correct.subarray(offset, end), outcomes.correct.subarray(offset, end))
    },
    boundedKl(layer, level, repeat) {
      const offset = offsetOf(layer, level, repeat)
      return offset === undefined ? undefined : outcomes.bounded_kl.subarray(offset, offset + levels[level]!.images)
    },
  }
}
