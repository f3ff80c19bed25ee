import { crossEntropies, PluginError, predictedClasses, type Tensor } from '@loadbearing/core'
import type { SuffixEngine } from '@loadbearing/onnx'
import { type GridPoint, pointsOf } from './cells.ts'
import { drawActivations, drawWeight, type Surroundings, weightDigest } from './draws.ts'
import { isWithoutCells } from './known-images.ts'
import type { BenchModel } from './model.ts'
import { outcomeOf } from './outcome.ts'
import type { FailedCell, MeasuredCell, Unit, UnitResult } from './units.ts'

/** A chunk that the engine has taken up: its unperturbed logits and its true classes. */
export interface Chunk {
  readonly clean: Tensor
  readonly labels: readonly number[]
}

/**
 * Measures every cell of a unit on the chunk that `engine` has taken up. A perturbation that fails is the reason of its cell.
 *
 * @throws the signal's reason when it is aborted, between two cells
 */
export async function measureUnit(
  model: BenchModel,
  surroundings: Surroundings,
  engine: SuffixEngine,
  { clean, labels }: Chunk,
  unit: Unit,
  signal?: AbortSignal,
): Promise<UnitResult> {
  const started = performance.now()
  const classes = predictedClasses(clean)
  const cells: (MeasuredCell | FailedCell)[] = []
  for (const point of pointsOf(unit.grid)) {
    signal?.throwIfAborted()
    try {
      const { logits, weightSha256 } = await perturbed(model, surroundings, engine, unit, point)
      cells.push({ ...outcomeOf(clean, logits, labels), weightSha256 })
    } catch (error) {
      if (!(error instanceof PluginError)) throw error
      cells.push({ reason: error.message })
    }
  }
  return {
    cleanCorrect: Uint8Array.from(labels, (label, i) => Number(classes[i] === label)),
    cleanLoss: crossEntropies(clean, labels).reduce((sum, loss) => sum + loss, 0),
    seconds: (performance.now() - started) / 1000,
    cells,
    ...(isWithoutCells(unit) && { known: { labels: Int32Array.from(labels), logits: clean } }),
  }
}

async function perturbed(
  { onnx }: BenchModel,
  surroundings: Surroundings,
  engine: SuffixEngine,
  { model, layer, perturbation, chunk, chunkSize }: Unit,
  { intensity, repeat }: GridPoint,
): Promise<{ logits: Tensor; weightSha256: string | null }> {
  const draw = { model, layer, intensity }
  if (perturbation.target === 'weights') {
    const weight = drawWeight(onnx.weight(layer), { ...draw, perturbation }, repeat, surroundings)
    return { logits: await engine.run(layer, weight), weightSha256: weightDigest(weight) }
  }
  const logits = await engine.runOutput(layer, (output, start) =>
    drawActivations(output, { ...draw, perturbation }, repeat, chunk * chunkSize + start, surroundings),
  )
  return { logits, weightSha256: null }
}
