import { readOutcomes, readTable } from '@loadbearing/dataset/folder'
import { countPairs, isNarrow, lossesOf, openRegression, type PairedCounts, pairedInterval } from '@loadbearing/ranking'
import { representatives } from '../src/index.ts'
import { jobsOf } from '../src/jobs.ts'
import { readKnown } from '../src/known-images.ts'
import { measuredBy } from '../src/measured.ts'
import { readPlan } from '../src/plan.ts'
import { type AlongsideOptions, measureAlongside, type Step } from './alongside.ts'

/** What it took to make every cell narrow. */
export interface NarrowedCells {
  readonly step: Step
  readonly cells: readonly NarrowedCell[]
}

interface NarrowedCell {
  /** Images that it was measured on. */
  readonly images: number
  /** On which the interval of its paired proportions, looked at once, would be narrow: by the shares that were lost and gained. */
  readonly plain: number
  /** The first number on which the interval that ours takes was narrow, had it been looked at once. */
  readonly regressed: number
}

/**
 * Narrows every cell of the representative perturbations, one draw.
 *
 * @param width that an interval may reach to either side
 * @param stride images between one number of images and the next, of those that a cell might have needed
 */
export async function inEveryCell(width: number, stride: number, options: AlongsideOptions): Promise<NarrowedCells> {
  const precision = { kind: 'interval', width, images: 10_000, repeats: 1 } as const
  const step = await measureAlongside('every-cell', representatives, precision, options)
  return { step, cells: await cellsIn(step.out, width, stride) }
}

/** The least number of images on which a share of the cells is narrow. */
export function fixedImages({ cells }: NarrowedCells, interval: 'plain' | 'regressed', share: number): number {
  const needed = cells.map((cell) => cell[interval]).sort((a, b) => a - b)
  return needed[Math.ceil(share * needed.length) - 1]!
}

async function cellsIn(folder: string, width: number, stride: number): Promise<NarrowedCell[]> {
  const [[model], cells, outcomes] = await Promise.all([
    readTable(folder, 'models'),
    readTable(folder, 'sensitivity'),
    readOutcomes(folder),
  ])
  const plan = (await readPlan(folder))!
  const units = jobsOf(plan, await measuredBy(plan, [], [folder]), { out: folder }).map(({ unit }) => unit)
  const population = model!.test_images
  const regression = openRegression(await readKnown(folder, units, model!.sha256), population, 1)
  return cells.flatMap(({ outcome_offset: offset, images }) => {
    if (offset === null) return []
    const [clean, correct] = [outcomes.clean_correct, outcomes.correct].map((bits) =>
      bits.subarray(offset, offset + images),
    )
    const losses = lossesOf(clean!, correct!)
    const regressed = regression.cell()
    let seen = 0
    do {
      regressed.add(losses.subarray(seen, Math.min(images, seen + stride)))
      seen = Math.min(images, seen + stride)
    } while (seen < images && !isNarrow(regressed.interval(), width))
    return [{ images, plain: pairedImages(countPairs(losses), width, stride, population), regressed: seen }]
  })
}

/** Ours may have stopped before the interval of paired proportions was narrow. */
function pairedImages(
  { lost, gained, images }: PairedCounts,
  width: number,
  stride: number,
  population: number,
): number {
  for (let needed = stride; needed < population; needed += stride) {
    const counts = { lost: (lost / images) * needed, gained: (gained / images) * needed, images: needed }
    if (isNarrow(pairedInterval(counts, population), width)) return needed
  }
  return population
}
