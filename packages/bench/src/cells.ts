/** What of a perturbation's grid is measured together. */
export interface Grid {
  /** The whole grid. */
  readonly intensities: readonly number[]
  /** Index of the intensity and number of the draw, in the order of the dataset: level, then repeat. */
  readonly points: readonly (readonly [number, number])[]
}

/** One combination of level and repeat. */
export interface GridPoint {
  /** Index in the grid. */
  readonly level: number
  readonly intensity: number
  readonly repeat: number
}

export function pointsOf({ intensities, points }: Grid): GridPoint[] {
  return points.map(([level, repeat]) => ({ level, intensity: intensities[level]!, repeat }))
}
