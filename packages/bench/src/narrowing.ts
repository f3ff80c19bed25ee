import { countPairs, isNarrow, type PairedCounts } from '@loadbearing/ranking'
import type { PlannedJob } from './jobs.ts'
import type { Measured } from './measured.ts'
import { imagesOf, readUnit } from './units.ts'

/**
 * Goes on with single cells, a chunk of images at a time, until the interval of each is narrow enough: round after round, the jobs of the
 * next chunk for the cells that are not narrow yet. Whoever takes a round finishes its jobs before asking for the next; none comes where all
 * are narrow, or no image is left.
 *
 * @param first finished jobs of the first chunk
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
  const testImages = new Map(models.map((model) => [model.sha256, model.testImages]))
  const counts = new Map<string, PairedCounts>()
  let finished = first
  for (;;) {
    const round: PlannedJob[] = []
    for (const each of finished) {
      const { unit } = each
      const { cells, cleanCorrect } = await readUnit(folder, unit)
      const open = unit.grid.points.filter((point, index) => {
        const cell = cells[index]!
        if (cell.reason !== undefined) return false
        const key = [unit.model, unit.perturbation.name, unit.layer.name, ...point].join('\n')
        const its = sumOf(counts.get(key), countPairs(cleanCorrect, cell.correct))
        counts.set(key, its)
        return !isNarrow(its, testImages.get(unit.model)!, width)
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

function sumOf(before: PairedCounts | undefined, more: PairedCounts): PairedCounts {
  if (!before) return more
  return { lost: before.lost + more.lost, gained: before.gained + more.gained, images: before.images + more.images }
}
