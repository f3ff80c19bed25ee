import { createHash } from 'node:crypto'
import { perturb, PluginError, type Tensor } from '@loadbearing/core'
import type { SuffixEngine } from '@loadbearing/onnx'
import { pointsOf } from './cells.ts'
import type { BenchModel } from './model.ts'
import { outcomeOf, predictedClasses, summedLoss } from './outcome.ts'
import { truthStream } from './seeds.ts'
import type { FailedCell, MeasuredCell, Unit, UnitResult } from './units.ts'

/** A chunk that the engine has taken up: its unperturbed logits and its true classes. */
export interface Chunk {
  readonly clean: Tensor
  readonly labels: readonly number[]
}

/** Measures every cell of a unit on the chunk that `engine` has taken up. A perturbation that fails is the reason of its cell. */
export async function measureUnit(
  model: BenchModel,
  engine: SuffixEngine,
  { clean, labels }: Chunk,
  unit: Unit,
): Promise<UnitResult> {
  const weight = model.onnx.weight(unit.layer)
  const classes = predictedClasses(clean)
  const cells: (MeasuredCell | FailedCell)[] = []
  for (const { intensity, repeat } of pointsOf(unit.grid)) {
    try {
      const rng = truthStream({ ...unit, model: unit.model, intensity }, repeat)
      const perturbed = perturb(unit.perturbation, weight, intensity, { rng, layer: unit.layer })
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

/** First 16 hex digits of the SHA-256 of a weight's bytes. All platforms that onnxruntime-node runs on are little-endian. */
export function weightDigest({ data }: Tensor): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 16)
}
