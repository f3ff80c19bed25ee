import { createHash } from 'node:crypto'
import { perturb, PluginError, type Tensor } from '@loadbearing/core'
import type { SuffixEngine } from '@loadbearing/onnx'
import { type GridPoint, pointsOf } from './cells.ts'
import type { BenchModel } from './model.ts'
import { outcomeOf, predictedClasses, summedLoss } from './outcome.ts'
import { truthStream } from './seeds.ts'
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
  engine: SuffixEngine,
  { clean, labels }: Chunk,
  unit: Unit,
  signal?: AbortSignal,
): Promise<UnitResult> {
  const classes = predictedClasses(clean)
  const cells: (MeasuredCell | FailedCell)[] = []
  for (const point of pointsOf(unit.grid)) {
    signal?.throwIfAborted()
    try {
      const perturbed = draw(model, unit, point)
      const logits = await engine.run(unit.layer, perturbed)
      cells.push({ ...outcomeOf(clean, logits, labels), weightSha256: weightDigest(perturbed) })
    } catch (error) {
      if (!(error instanceof PluginError)) throw error
      cells.push({ reason: error.message })
    }
  }
  return {
    cleanCorrect: Uint8Array.from(labels, (label, i) => Number(classes[i] === label)),
    cleanLoss: summedLoss(clean, labels),
    cells,
  }
}

function draw({ onnx }: BenchModel, unit: Unit, { intensity, repeat }: GridPoint): Tensor {
  const rng = truthStream({ ...unit, intensity }, repeat)
  return perturb(unit.perturbation, onnx.weight(unit.layer), intensity, { rng, layer: unit.layer })
}

/** How a cell's draw is known: the digest of its weight, or the reason why there is none. */
export function drawnAs(model: BenchModel, unit: Unit, point: GridPoint): string {
  try {
    return weightDigest(draw(model, unit, point))
  } catch (error) {
    if (error instanceof PluginError) return error.message
    throw error
  }
}

/** First 16 hex digits of the SHA-256 of a weight's bytes. All platforms that onnxruntime-node runs on are little-endian. */
export function weightDigest({ data }: Tensor): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 16)
}
