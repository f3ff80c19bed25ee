import { readOutcomes, readTable } from '@loadbearing/dataset/folder'
import { countPairs, isNarrow } from '@loadbearing/ranking'
import { representatives } from '../src/index.ts'
import { type AlongsideOptions, measureAlongside, type Step } from './alongside.ts'

/** What it took to make every cell of a perturbation narrow. */
export interface NarrowedCells {
  readonly step: Step
  readonly cells: readonly NarrowedCell[]
}

interface NarrowedCell {
  /** Images that it was measured on. */
  readonly images: number
  /** The first number of images on which its interval was narrow. */
  readonly needed: number
}

/**
 * Narrows every cell of the representative perturbations, one draw.
 *
 * @param width that an interval may reach to either side
 * @param stride images between one look and the next for the number that was needed
 */
export async function inEveryCell(width: number, stride: number, options: AlongsideOptions): Promise<NarrowedCells[]> {
  const narrowed: NarrowedCells[] = []
  const precision = { kind: 'interval', width, images: 10_000, repeats: 1 } as const
  for (const [index, perturbation] of representatives.entries()) {
    const step = await measureAlongside(perturbation, precision, options)
    narrowed.push({ step, cells: await cellsIn(step.out, width, stride) })
    console.error(`in every cell: ${index + 1} of ${representatives.length} perturbations`)
  }
  return narrowed
}

/** The least number of images on which a share of the cells is narrow. */
export function fixedImages(narrowed: readonly NarrowedCells[], share: number): number {
  const needed = narrowed.flatMap(({ cells }) => cells.map((cell) => cell.needed)).sort((a, b) => a - b)
  return needed[Math.ceil(share * needed.length) - 1]!
}

async function cellsIn(folder: string, width: number, stride: number): Promise<NarrowedCell[]> {
  const [[model], cells, outcomes] = await Promise.all([
    readTable(folder, 'models'),
    readTable(folder, 'sensitivity'),
    readOutcomes(folder),
  ])
  return cells.flatMap(({ outcome_offset: offset, images }) => {
    if (offset === null) return []
    for (let needed = stride; needed < images; needed += stride) {
      const clean = outcomes.clean_correct.subarray(offset, offset + needed)
      const correct = outcomes.correct.subarray(offset, offset + needed)
      if (isNarrow(countPairs(clean, correct), model!.test_images, width)) return [{ images, needed }]
    }
    return [{ images, needed: images }]
  })
}
