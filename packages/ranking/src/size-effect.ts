import { spearman } from './correlation.ts'
import type { LayerScoreValues } from './pooled-scores.ts'
import { isConstant } from './ranks.ts'

/** What counts as the size of a layer: its weights, its multiply-accumulates for an image, its position in order of execution. */
export const layerSizes = ['parameters', 'macs', 'depth'] as const
export type LayerSize = (typeof layerSizes)[number]

/** Spearman's ρ between scores and each size; null where it is undefined: fewer than two layers, or all of one size. */
export type SizeCorrelations = Readonly<Record<LayerSize, number | null>>

/** How the scores of a model's layers go with the size of the layers. */
export interface SizeEffect extends SizeCorrelations {
  /** Layers with a score: those that the correlations are over. */
  readonly layers: number
  /** Whether all of them have the same score: ρ = 0 then. */
  readonly constant: boolean
}

/** The size effect of a criterion on a model. */
export interface CriterionSizeEffect extends SizeEffect {
  readonly criterion: string
  readonly model: string
  /** The perturbation that an aware criterion was scored for, pooled over its live levels; null where it is not aware. */
  readonly perturbation: string | null
}

/**
 * Lays open whether scores say more than how large a layer is. No truth is involved: a criterion may follow size and be right.
 *
 * @param scores of the layers of one model; one without a finite score is left out
 * @param layers their sizes, in the same order
 */
export function sizeEffect(
  scores: LayerScoreValues,
  layers: readonly Readonly<Record<LayerSize, number>>[],
): SizeEffect {
  const scored = layers.flatMap((sizes, layer) => {
    const score = scores[layer] ?? NaN
    return Number.isFinite(score) ? [{ score, sizes }] : []
  })
  const values = scored.map(({ score }) => score)
  const correlation = (size: LayerSize): number | null => {
    const its = scored.map(({ sizes }) => sizes[size])
    return isConstant(its) ? null : spearman(values, its)
  }
  return {
    layers: scored.length,
    constant: scored.length > 0 && isConstant(values),
    parameters: correlation('parameters'),
    macs: correlation('macs'),
    depth: correlation('depth'),
  }
}

/** The mean over the perturbations of a model, then over models, of what is not null; constant scores count as 0. */
export function meanSizeEffect(effects: readonly (SizeCorrelations & { readonly model: string })[]): SizeCorrelations {
  const models = [...new Set(effects.map(({ model }) => model))]
  const meanOf = (size: LayerSize): number | null =>
    mean(models.map((model) => mean(effects.flatMap((its) => (its.model === model ? [its[size]] : [])))))
  return { parameters: meanOf('parameters'), macs: meanOf('macs'), depth: meanOf('depth') }
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
