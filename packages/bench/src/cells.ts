/** What of a perturbation's grid is measured together: some of its levels, some of its draws. */
export interface Grid {
  /** The whole grid. */
  readonly intensities: readonly number[]
  /** Indices into it. */
  readonly levels: readonly number[]
  /** The first draw, and the one after the last. */
  readonly draws: readonly [number, number]
}

/** One combination of level and repeat. */
export interface GridPoint {
  /** Index in the grid. */
  readonly level: number
  readonly intensity: number
  readonly repeat: number
}

/** The points of a grid in the order of the dataset: level, then repeat. */
export function pointsOf({ intensities, levels, draws: [first, end] }: Grid): GridPoint[] {
  return levels.flatMap((level) =>
    Array.from({ length: end - first }, (_, i) => ({ level, intensity: intensities[level]!, repeat: first + i })),
  )
}
