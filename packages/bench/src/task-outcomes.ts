import type { NumberColumns, Row, Tables } from '@loadbearing/dataset'
import type { TaskOutcomes } from '@loadbearing/ranking'

/**
 * One model under one perturbation, as the statistics see it.
 *
 * @param layers the model's layers, in order of depth
 * @param cells the rows of sensitivity of this model and perturbation
 */
export function taskOutcomes(
  model: Row<'models'>,
  perturbation: Row<'perturbations'>,
  layers: readonly Row<'layers'>[],
  cells: readonly Row<'sensitivity'>[],
  outcomes: NumberColumns<Tables['outcomes']>,
): TaskOutcomes {
  const repeats = 1 + cells.reduce((most, { repeat }) => Math.max(most, repeat), 0)
  const levels = perturbation.intensities.split(',').length
  const { images } = model
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
    repeats,
    images,
    classes: model.classes,
    cleanAccuracy: model.clean_correct / images,
    stochastic: perturbation.stochastic,
    loss(layer, level, repeat) {
      const offset = offsetOf(layer, level, repeat)
      if (offset === undefined) return undefined
      const lost = new Int8Array(images)
      for (let i = 0; i < images; i++) lost[i] = outcomes.clean_correct[offset + i]! - outcomes.correct[offset + i]!
      return lost
    },
    boundedKl(layer, level, repeat) {
      const offset = offsetOf(layer, level, repeat)
      return offset === undefined ? undefined : outcomes.bounded_kl.subarray(offset, offset + images)
    },
  }
}
