import type { KnownImages } from '@loadbearing/ranking'
import { readUnit, type Unit } from './units.ts'

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
  const its = units.filter((unit) => unit.model === model && isWithoutCells(unit)).sort((a, b) => a.chunk - b.chunk)
  const known: KnownImages[] = []
  for (const unit of its) known.push((await readUnit(folder, unit)).known!)
  const [images, classes] = [known.reduce((sum, { labels }) => sum + labels.length, 0), known[0]?.logits.shape[1] ?? 0]
  const labels = new Int32Array(images)
  const data = new Float32Array(images * classes)
  let start = 0
  for (const chunk of known) {
    labels.set(chunk.labels, start)
    data.set(chunk.logits.data, start * classes)
    start += chunk.labels.length
  }
  return { labels, logits: { shape: [images, classes], data } }
}
