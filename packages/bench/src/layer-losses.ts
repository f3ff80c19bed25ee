import { type LayerTruth, pooledTruth, poolOutcomes } from '@loadbearing/ranking'
import { intensitiesOf, type MeasuredTask } from './measured-tasks.ts'

/** What a network loses when one of its layers is perturbed, as fractions of accuracy with 95 % intervals. */
export interface LayerLoss {
  readonly layer: string
  /** Mean over the live levels; null where none is live or a cell is missing. */
  readonly pooled: LayerTruth | null
  /** One entry an intensity of the grid; null where a cell is missing. */
  readonly levels: readonly (LayerTruth | null)[]
  /** The strongest intensity up to which the interval of the loss stays within the tolerance; null where there is none. */
  readonly safeUpTo: number | null
}

/**
 * The layers of a task, the one that loses most first.
 *
 * @param tolerance the loss that one accepts, a fraction of accuracy
 */
export function layerLosses(
  { layers, perturbation, outcomes, measured, narrowed }: MeasuredTask,
  tolerance: number,
): LayerLoss[] {
  const grid = intensitiesOf(perturbation)
  const byLevel = grid.map((_, level) => {
    const pooled = poolOutcomes(outcomes, [level], 'accuracy-drop')
    const truths = pooledTruth(pooled, 'accuracy-drop')
    return new Map(pooled.layers.map((layer, row) => [layer, truths[row]!]))
  })
  const losses = layers.map(({ name }, depth): LayerLoss => {
    const levels = byLevel.map((truths, level) => narrowed?.(depth, level) ?? truths.get(depth) ?? null)
    const tooMuch = levels.findIndex((truth) => truth === null || truth.high > tolerance)
    const safe = tooMuch < 0 ? grid.length : tooMuch
    return {
      layer: name,
      pooled: measured.truths['accuracy-drop'].layers[depth] ?? null,
      levels,
      safeUpTo: grid[safe - 1] ?? null,
    }
  })
  return losses.sort((a, b) => (b.pooled?.value ?? -Infinity) - (a.pooled?.value ?? -Infinity) || 0)
}
