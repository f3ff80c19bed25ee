import type { Row } from '../tables.ts'
import type { Finding, OpenTables } from './finding.ts'

/** The intensities of a perturbation, weakest first. */
export function gridOf({ intensities }: Row<'perturbations'>): number[] {
  return intensities.split(',').map(Number)
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
