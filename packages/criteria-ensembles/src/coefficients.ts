import { coefficientSets } from './coefficients.generated.ts'
import type { FeatureName } from './layer-features.ts'

/** What was learnt from some networks. */
export interface CoefficientSet {
  /** The architecture family that was left out; null where all took part. */
  readonly withheld: string | null
  /** SHA-256 of the networks of that family: those that are scored by this set. */
  readonly scores: readonly string[]
  /** SHA-256 of the networks that it was learnt from. */
  readonly learntFrom: readonly string[]
  readonly weights: Readonly<Record<FeatureName, number>>
}

/**
 * The coefficients by which a network may be scored: those that were learnt without its architecture family, or from all families where
 * it is none of the networks that took part.
 *
 * @param model SHA-256 of its file
 */
export function coefficientsFor(model: string): CoefficientSet {
  return (
    coefficientSets.find(({ scores }) => scores.includes(model)) ??
    coefficientSets.find(({ withheld }) => withheld === null)!
  )
}
