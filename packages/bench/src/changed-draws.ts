import { InputError, PluginError } from '@loadbearing/core'
import type { FetchOptions } from '@loadbearing/zoo'
import { type GridPoint, pointsOf } from './cells.ts'
import { drawWeight, type Surroundings, weightDigest } from './draws.ts'
import { isWithoutCells } from './known-images.ts'
import type { BenchModel } from './model.ts'
import { askedBy, surroundingsOf } from './surroundings.ts'
import { readUnit, type Unit } from './units.ts'

/**
 * Holds what was measured against what the perturbations do now. A unit's file is named after the version of its perturbation, not after
 * its code; where the code changed and the version did not, old and new cells would stand in one table. Of every perturbation of weights
 * and model, the draws of the smallest measured layer are made again; of activations no draw is kept.
 *
 * @param finished units that are on the disk
 * @throws InputError naming the perturbation; DatasetError when a unit is damaged
 */
export async function refuseChangedDraws(
  models: readonly BenchModel[],
  finished: readonly Unit[],
  folder: string,
  options: FetchOptions = {},
): Promise<void> {
  for (const model of models) {
    const smallest = new Map<string, Unit>()
    for (const unit of finished) {
      if (unit.model !== model.onnx.sha256 || unit.perturbation.target !== 'weights' || isWithoutCells(unit)) continue
      const known = smallest.get(unit.perturbation.name)
      if (!known || unit.layer.parameters < known.layer.parameters) smallest.set(unit.perturbation.name, unit)
    }
    const perturbations = [...smallest.values()].map((unit) => unit.perturbation)
    const surroundings = await surroundingsOf(model, askedBy(perturbations), options)
    for (const [name, unit] of smallest) {
      const { cells } = await readUnit(folder, unit)
      const changed = pointsOf(unit.grid).some((point, index) => {
        const cell = cells[index]
        return drawnAs(model, surroundings, unit, point) !== (cell?.reason ?? cell?.weightSha256)
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

/** How a cell's draw is known: the digest of its weight, or the reason why there is none. */
function drawnAs(
  { onnx }: BenchModel,
  surroundings: Surroundings,
  { model, layer, perturbation }: Unit,
  { intensity, repeat }: GridPoint,
): string | undefined {
  if (perturbation.target !== 'weights') return undefined
  try {
    return weightDigest(drawWeight(onnx.weight(layer), { model, layer, perturbation, intensity }, repeat, surroundings))
  } catch (error) {
    if (error instanceof PluginError) return error.message
    throw error
  }
}
