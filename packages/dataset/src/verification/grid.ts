import type { Row } from '../tables.ts'
import type { Finding, OpenTables } from './finding.ts'

/** The intensities of a perturbation, weakest first. */
export function gridOf({ intensities }: Row<'perturbations'>): number[] {
  return intensities.split(',').map(Number)
}

/** The indices of some of a grid's levels, as their table joins them; undefined where they are not ascending or not of the grid. */
export function levelsIn(text: string, levels: number): number[] | undefined {
  const live = text === '' ? [] : text.split(',').map(Number)
  const sound = live.every((level, i) => Number.isInteger(level) && level > (live[i - 1] ?? -1) && level < levels)
  return sound ? live : undefined
}

/** A grid is numbers, each of them once. */
export function* grids({ perturbations = [] }: OpenTables): Generator<Finding> {
  for (const [row, perturbation] of perturbations.entries()) {
    const grid = gridOf(perturbation)
    if (grid.every(Number.isFinite) && new Set(grid).size === grid.length && perturbation.intensities !== '') continue
    const message = `intensities is '${perturbation.intensities}', which are no different numbers joined by commas.`
    yield { table: 'perturbations', row, message }
  }
}
