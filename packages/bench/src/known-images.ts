import type { Tensor } from '@loadbearing/core'
import type { KnownImages } from '@loadbearing/ranking'
import { readUnit, type Unit } from './units.ts'

/** What the unperturbed logits [n, classes] of some images tell of them. */
export function knownFrom({ shape, data }: Tensor, labels: readonly number[]): KnownImages {
  const [images = 0, classes = 0] = shape
  const margins = Float32Array.from({ length: images }, (_, image) => {
    const own = image * classes + labels[image]!
    let other = -Infinity
    for (let logit = image * classes; logit < (image + 1) * classes; logit++) {
      if (logit !== own) other = Math.max(other, data[logit]!)
    }
    return data[own]! - other
  })
  return { labels: Int32Array.from(labels), margins }
}

/** Whether a unit was measured for what is known of its images alone. */
export function isWithoutCells({ grid }: Pick<Unit, 'grid'>): boolean {
  return grid.points.length === 0
}

/**
 * What is known of the images of a model, in the order in which they are measured.
 *
 * @param units finished ones; those of the model that are without cells count
 * @throws DatasetError when a unit is missing or damaged
 */
export async function readKnown(folder: string, units: readonly Unit[], model: string): Promise<KnownImages> {
  const its = units.filter((unit) => unit.model === model && isWithoutCells(unit))
  const known: KnownImages[] = []
  for (const unit of its.toSorted((a, b) => a.chunk - b.chunk)) known.push((await readUnit(folder, unit)).known!)
  return {
    labels: Int32Array.from(known.flatMap(({ labels }) => [...labels])),
    margins: Float32Array.from(known.flatMap(({ margins }) => [...margins])),
  }
}
