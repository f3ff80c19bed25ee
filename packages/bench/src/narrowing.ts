import { isNarrow, type PairedCounts } from '@loadbearing/ranking'
import { pointsOf } from './cells.ts'
import type { PlannedJob } from './jobs.ts'
import type { Measured } from './measured.ts'
import { imagesOf, readUnit } from './units.ts'

/** Goes on with single cells, a chunk of images at a time, until the interval of each is narrow enough. */
export interface Narrowing {
  /**
   * The jobs that follow a round of finished ones: the next chunk for the cells that are not narrow yet. None where all are, or no image
   * is left.
   *
   * @throws DatasetError when a unit is missing or damaged
   */
  readonly next: (round: readonly PlannedJob[]) => Promise<PlannedJob[]>
}

/**
 * @param folder where the units lie
 * @param width that the interval may reach to either side, a fraction of accuracy
 * @param population images of the whole test set, by the model's hash
 */
export function startNarrowing(folder: string, width: number, population: (model: string) => number): Narrowing {
  const counts = new Map<string, PairedCounts>()
  return {
    async next(round) {
      const following: PlannedJob[] = []
      for (const each of round) {
        const { unit, job } = each
        const { cells, cleanCorrect } = await readUnit(folder, unit)
        const open = pointsOf(unit.grid).filter(({ level, repeat }, index) => {
          const cell = cells[index]!
          if (cell.reason !== undefined) return false
          const key = [unit.model, unit.perturbation.name, unit.layer.name, level, repeat].join('\n')
          const its = added(counts.get(key), cleanCorrect, cell.correct)
          counts.set(key, its)
          return !isNarrow(its, population(unit.model), width)
        })
        const chunk = unit.chunk + 1
        if (open.length === 0 || chunk * unit.chunkSize >= unit.images) continue
        const grid = { ...unit.grid, points: open.map(({ level, repeat }) => [level, repeat] as const) }
        const shared = { ...job.unit, grid, chunk }
        const perImage = each.work / (imagesOf(unit) * unit.grid.points.length)
        following.push({
          ...each,
          unit: { ...unit, grid, chunk },
          job: { ...job, unit: shared },
          work: perImage * imagesOf(shared) * open.length,
        })
      }
      return following
    },
  }
}

function added(before: PairedCounts | undefined, clean: Uint8Array, correct: Uint8Array): PairedCounts {
  let { lost, gained } = before ?? { lost: 0, gained: 0 }
  for (let image = 0; image < clean.length; image++) {
    if (clean[image]! > correct[image]!) lost++
    else if (clean[image]! < correct[image]!) gained++
  }
  return { lost, gained, images: (before?.images ?? 0) + clean.length }
}

/** Images of every model's test set, by the hash of its file. */
export async function populations({ models }: Measured): Promise<(model: string) => number> {
  const counts = new Map<string, number>()
  for (const model of models) counts.set(model.onnx.sha256, (await model.images('test')).count)
  return (model) => counts.get(model)!
}
