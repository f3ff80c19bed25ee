import { InputError } from '@loadbearing/core'
import type { LayerScoreValues } from './pooled-scores.ts'

/** The truth and one criterion's scores, side by side, of the layers that were measured. */
export interface MeasuredLayers {
  readonly truth: number[]
  /** Null where a measured layer lacks a finite score. */
  readonly scores: number[] | null
  /** Measured layers without a finite score. */
  readonly failedLayers: number
}

/**
 * Keeps the layers that have a truth.
 *
 * @throws InputError where scores and truth are of different lengths, or a truth is not finite
 */
export function measuredLayers(
  truth: readonly (number | null)[],
  scores: LayerScoreValues | undefined,
): MeasuredLayers {
  if (scores && scores.length !== truth.length) {
    throw new InputError(`There are ${scores.length} scores for ${truth.length} layers.`, {
      hint: 'Give a score, or null, for every layer of the model, in its order.',
    })
  }
  const measured = truth.flatMap((value, layer) => (value === null ? [] : [{ value, score: scores?.[layer] ?? NaN }]))
  if (!measured.every(({ value }) => Number.isFinite(value))) {
    throw new InputError('The truth of a layer is not a finite number.', { hint: 'Give null for a layer without one.' })
  }
  const failedLayers = measured.filter(({ score }) => !Number.isFinite(score)).length
  return {
    truth: measured.map(({ value }) => value),
    scores: failedLayers > 0 ? null : measured.map(({ score }) => score),
    failedLayers,
  }
}
