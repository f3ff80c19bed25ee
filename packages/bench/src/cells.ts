import type { Perturbation } from '@loadbearing/core'

/** What a perturbation is measured at: every combination of level and repeat. */
export interface Grid {
  readonly intensities: readonly number[]
  /** Draws a level; 1 where the perturbation is deterministic. */
  readonly repeats: number
}

/** One combination of level and repeat. */
export interface GridPoint {
  /** Index in the grid. */
  readonly level: number
  readonly intensity: number
  readonly repeat: number
}

export function gridOf(perturbation: Perturbation, repeats: number): Grid {
  return { intensities: perturbation.intensities, repeats: perturbation.stochastic ? repeats : 1 }
}

/** The points of a grid in the order of the dataset: level, then repeat. */
export function pointsOf({ intensities, repeats }: Grid): GridPoint[] {
  return intensities.flatMap((intensity, level) =>
    Array.from({ length: repeats }, (_, repeat) => ({ level, intensity, repeat })),
  )
}
