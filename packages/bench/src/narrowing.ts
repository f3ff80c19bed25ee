import { isNarrow, lossesOf, openRegression, type RegressedCell } from '@loadbearing/ranking'
import type { PlannedJob } from './jobs.ts'
import { isWithoutCells, readKnown } from './known-images.ts'
import type { Measured } from './measured.ts'
import { imagesOf, readUnit } from './units.ts'

/**
 * Goes on with single cells, a chunk of images at a time, until the interval of each is narrow enough: round after round, the jobs of the
 * next chunk for the cells that are not narrow yet. Whoever takes a round finishes its jobs before asking for the next; none comes where all
 * are narrow, or no image is left.
 *
 * @param first finished jobs of the first chunk, and of what is known of all images
 * @param folder where the units lie
 * @param width that the interval may reach to either side, a fraction of accuracy
 * @throws DatasetError when a unit is missing or damaged
 */
export async function* narrowingRounds(
  first: readonly PlannedJob[],
  folder: string,
  width: number,
  { models }: Measured,
): AsyncGenerator<[PlannedJob, ...PlannedJob[]]> {
  const units = first.map(({ unit }) => unit)
  const regressions = new Map<string, ReturnType<typeof openRegression>>()
  for (const { sha256, testImages } of models) {
    regressions.set(sha256, openRegression(await readKnown(folder, units, sha256), testImages))
  }
  const regressed = new Map<string, RegressedCell>()
  let finished = first.filter(({ unit }) => !isWithoutCells(unit))
  for (;;) {
    const round: PlannedJob[] = []
    for (const each of finished) {
      const { unit } = each
      const { cells, cleanCorrect } = await readUnit(folder, unit)
      const open = unit.grid.points.filter((point, index) => {
        const cell = cells[index]!
        if (cell.reason !== undefined) return false
        const key = [unit.model, unit.perturbation.name, unit.layer.name, ...point].join('\n')
        const its = regressed.get(key) ?? regressions.get(unit.model)!.cell()
        regressed.set(key, its)
        its.add(lossesOf(cleanCorrect, cell.correct))
        return !isNarrow(its.interval(), width)
      })
      if (open.length > 0 && (unit.chunk + 1) * unit.chunkSize < unit.images) round.push(nextChunk(each, open))
    }
    const [one, ...others] = round
    if (!one) return
    yield [one, ...others]
    finished = round
  }
}

/** The job of the chunk behind another's, at fewer points. */
function nextChunk({ unit, job, work, ...rest }: PlannedJob, points: PlannedJob['unit']['grid']['points']): PlannedJob {
  const next = { grid: { ...unit.grid, points }, chunk: unit.chunk + 1 }
  const shared = { ...job.unit, ...next }
  const workOfOne = work / (imagesOf(unit) * unit.grid.points.length)
  return {
    ...rest,
    unit: { ...unit, ...next },
    job: { ...job, unit: shared },
    work: workOfOne * imagesOf(shared) * points.length,
  }
}
