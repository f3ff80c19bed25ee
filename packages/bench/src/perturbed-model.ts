import { findNamed, InputError, perturb, type Perturbation, type Tensor } from '@loadbearing/core'
import { weightDigest } from './measure-unit.ts'
import type { BenchModel } from './model.ts'
import { truthStream } from './seeds.ts'

/** One cell of the ground truth, by name. */
export interface Cell {
  readonly layer: string
  readonly perturbation: Perturbation
  readonly intensity: number
  /** Number of the draw, from 0. */
  readonly repeat: number
}

/** The network of one cell. */
export interface PerturbedModel {
  /** The ONNX file with the perturbed weight in place of the layer's own. */
  readonly bytes: Uint8Array
  readonly weight: Tensor
  /** As in the dataset: first 16 hex digits of the SHA-256 of the weight's float32 bytes, little-endian. */
  readonly weightSha256: string
}

/**
 * The very network that a cell of the ground truth measures, so that any other runtime can check the number.
 *
 * @throws InputError on an unknown layer or repeat; PluginError where the perturbation fails
 */
export function perturbModel(
  model: Pick<BenchModel, 'name' | 'onnx'>,
  { layer: name, perturbation, intensity, repeat }: Cell,
): PerturbedModel {
  const { onnx } = model
  const layer = findNamed(`layer in ${model.name}`, name, onnx.layers)
  if (!perturbation.stochastic && repeat > 0) {
    throw new InputError(`${perturbation.name} is deterministic: it has no repeat ${repeat}.`, { hint: '--repeat 0' })
  }
  const rng = truthStream({ model: onnx.sha256, layer, perturbation, intensity }, repeat)
  const weight = perturb(perturbation, onnx.weight(layer), intensity, { rng, layer })
  return { bytes: onnx.encodeWith(new Map([[name, weight]])), weight, weightSha256: weightDigest(weight) }
}
