import { findNamed, InputError, type Perturbation, type Tensor } from '@loadbearing/core'
import { drawWeight, weightDigest } from './draws.ts'
import type { BenchModel } from './model.ts'

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
 * @param initial every layer's weight before training, for a perturbation that needs it
 * @throws InputError on an unknown layer or repeat, or a perturbation of activations; PluginError where the perturbation fails
 */
export function perturbModel(
  model: Pick<BenchModel, 'name' | 'onnx'>,
  { layer: name, perturbation, intensity, repeat }: Cell,
  initial: ReadonlyMap<string, Tensor> = new Map(),
): PerturbedModel {
  const { onnx } = model
  const layer = findNamed(`layer in ${model.name}`, name, onnx.layers)
  if (perturbation.target !== 'weights') {
    throw new InputError(
      `${perturbation.name} perturbs activations: there is no network with other weights to write.`,
      {
        hint: 'Choose a perturbation of weights: npx loadbearing perturbations.',
      },
    )
  }
  if (!perturbation.stochastic && repeat > 0) {
    throw new InputError(`${perturbation.name} is deterministic: it has no repeat ${repeat}.`, { hint: '--repeat 0' })
  }
  const draw = { model: onnx.sha256, layer, perturbation, intensity }
  const weight = drawWeight(onnx.weight(layer), draw, repeat, { initial })
  return { bytes: onnx.encodeWith(new Map([[name, weight]])), weight, weightSha256: weightDigest(weight) }
}
