import type { Row } from '@loadbearing/dataset'
import { readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import { assemble } from './assemble.ts'
import type { PlannedJob } from './jobs.ts'
import type { Measured } from './measured.ts'
import type { Plan } from './plan.ts'

/**
 * Writes the tables of a measurement of which every unit is finished.
 *
 * @param runs the costs to keep, given those that the folder holds
 * @throws DatasetError when a unit is missing or damaged, or the disk is full
 */
export async function writeTruth(
  plan: Plan,
  measured: Measured,
  jobs: readonly PlannedJob[],
  folder: string,
  runs: (before: Row<'runs'>[]) => Row<'runs'>[],
): Promise<void> {
  const units = jobs.map(({ unit }) => unit)
  const tables = await assemble(plan, measured, units, folder)
  await writeTables(folder, { ...tables, runs: runs(await readTableIfThere(folder, 'runs')) })
}
