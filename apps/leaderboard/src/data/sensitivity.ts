import type { Row } from '@loadbearing/dataset'
import { grouped } from './lists.ts'
import type { Model } from './models.ts'
import type { Perturbation } from './perturbations.ts'
import type { StoredRows } from './tables.ts'

/** What one layer loses at one level of a perturbation: means over repeats. */
export interface LevelSensitivity {
  /** Index in the perturbation's grid. */
  readonly level: number
  readonly intensity: number
  /** Draws that were measured. */
  readonly repeats: number
  /** Accuracy lost, a fraction; null where nothing was measured. */
  readonly drop: number | null
  /** Least and greatest of the draws' drops. */
  readonly least: number | null
  readonly greatest: number | null
  readonly boundedKl: number | null
  /** Why a draw was not measured, where one was not. */
  readonly reason: string | null
}

/** One perturbation of one model: a row a layer, in order of depth, an entry a level, weakest first. */
export interface SensitivityTable {
  readonly model: Model
  readonly perturbation: Perturbation
  readonly layers: readonly (readonly LevelSensitivity[])[]
}

/** A table for every model × perturbation that was measured, in that order. */
export function sensitivityOf(
  { sensitivity }: StoredRows,
  models: readonly Model[],
  perturbations: readonly Perturbation[],
): SensitivityTable[] {
  const cells = grouped(sensitivity, (cell) => key(cell.layer_id, cell.perturbation_id, cell.level))
  const measured = new Set(sensitivity.map((cell) => `${cell.model_id} ${cell.perturbation_id}`))
  return models.flatMap((model) =>
    perturbations
      .filter((perturbation) => measured.has(`${model.id} ${perturbation.id}`))
      .map((perturbation) => ({
        model,
        perturbation,
        layers: model.layers.map((layer) =>
          perturbation.intensities.map((intensity, level) => ({
            level,
            intensity,
            ...meansOf(cells.get(key(layer.id, perturbation.id, level)) ?? []),
          })),
        ),
      })),
  )
}

function key(layer: number, perturbation: number, level: number): string {
  return `${layer} ${perturbation} ${level}`
}

function meansOf(cells: readonly Row<'sensitivity'>[]): Omit<LevelSensitivity, 'level' | 'intensity'> {
  const measured = cells.flatMap(({ correct, clean_correct: clean, images, bounded_kl: divergence }) =>
    correct === null || divergence === null ? [] : [{ lost: clean - correct, images, divergence }],
  )
  const drops = measured.map(({ lost, images }) => lost / images)
  const sum = (of: (cell: (typeof measured)[number]) => number): number =>
    measured.reduce((total, cell) => total + of(cell), 0)
  return {
    repeats: measured.length,
    ...(measured.length === 0
      ? { drop: null, least: null, greatest: null, boundedKl: null }
      : {
          // One division of whole numbers: 2 points are exactly 0.02.
          drop: sum(({ lost }) => lost) / sum(({ images }) => images),
          least: Math.min(...drops),
          greatest: Math.max(...drops),
          boundedKl: sum(({ divergence }) => divergence) / measured.length,
        }),
    reason: cells.find(({ reason }) => reason !== null)?.reason ?? null,
  }
}
