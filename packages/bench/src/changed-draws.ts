import { InputError } from '@loadbearing/core'
import { pointsOf } from './cells.ts'
import { drawnAs } from './measure-unit.ts'
import type { BenchModel } from './model.ts'
import { readUnit, type Unit } from './units.ts'

/**
 * Holds what was measured against what the perturbations do now. A unit's file is named after the version of its perturbation, not after
 * its code; where the code changed and the version did not, old and new cells would stand in one table. Of every perturbation and
 * model, the draws of the smallest measured layer are made again.
 *
 * @param finished units that are on the disk
 * @throws InputError naming the perturbation; DatasetError when a unit is damaged
 */
export async function refuseChangedDraws(
  models: readonly BenchModel[],
  finished: readonly Unit[],
  folder: string,
): Promise<void> {
  for (const model of models) {
    const smallest = new Map<string, Unit>()
    for (const unit of finished) {
      if (unit.model !== model.onnx.sha256) continue
      const known = smallest.get(unit.perturbation.name)
      if (!known || unit.layer.parameters < known.layer.parameters) smallest.set(unit.perturbation.name, unit)
    }
    for (const [name, unit] of smallest) {
      const { cells } = await readUnit(folder, unit)
      const changed = pointsOf(unit.grid).some((point, index) => {
        const cell = cells[index]
        return drawnAs(model, unit, point) !== (cell?.reason ?? cell?.weightSha256)
      })
      if (changed) {
        throw new InputError(
          `${name} gives other weights than those that were measured into ${folder}: its code changed, its version did not.`,
          { hint: 'Raise its version, and measure into another folder: --out.' },
        )
      }
    }
  }
}
