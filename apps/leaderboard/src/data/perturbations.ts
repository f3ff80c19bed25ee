import type { Row } from '@loadbearing/dataset'
import { numbers } from './lists.ts'
import type { StoredRows } from './tables.ts'

/** Where something is described. */
export interface Source {
  readonly title: string
  readonly url: string
}

/** A perturbation that was measured. */
export interface Perturbation extends Pick<
  Row<'perturbations'>,
  'name' | 'family' | 'version' | 'target' | 'unit' | 'stochastic' | 'group' | 'summary'
> {
  readonly id: number
  /** The grid, weakest first. */
  readonly intensities: readonly number[]
  readonly reference: Source
}

export function perturbationsOf({ perturbations }: StoredRows): Perturbation[] {
  return perturbations.map((row) => ({
    id: row.perturbation_id,
    name: row.name,
    family: row.family,
    version: row.version,
    target: row.target,
    unit: row.unit,
    stochastic: row.stochastic,
    group: row.group,
    summary: row.summary,
    intensities: numbers(row.intensities),
    reference: { title: row.reference_title, url: row.reference_url },
  }))
}
