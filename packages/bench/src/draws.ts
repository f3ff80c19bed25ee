import { createHash } from 'node:crypto'
import {
  type ActivationPerturbation,
  perturb,
  type Perturbation,
  PluginError,
  type Tensor,
  type WeightPerturbation,
} from '@loadbearing/core'
import type { OutputSpread } from './output-spreads.ts'
import { type Draw, truthStream } from './seeds.ts'

/** What is known of a model's layers beside their weights, by layer name; empty where no perturbation asks for it. */
export interface Surroundings {
  readonly initial: ReadonlyMap<string, Tensor>
  readonly spreads: ReadonlyMap<string, OutputSpread>
}

export type DrawOf<P extends Perturbation> = Draw & { readonly perturbation: P }

/** The perturbed weight of one cell of the ground truth. @throws PluginError as `perturb` does */
export function drawWeight(
  weight: Tensor,
  draw: DrawOf<WeightPerturbation>,
  repeat: number,
  { initial }: Pick<Surroundings, 'initial'>,
): Tensor {
  const { layer, perturbation, intensity } = draw
  const context = { rng: truthStream(draw, repeat), layer, initial: initial.get(layer.name) }
  return perturb(perturbation, weight, intensity, context)
}

/**
 * The perturbed output of one cell's layer for a batch of images. Every image has a stream of its own, named by its position in the
 * stratified order, so that it does not matter which images stand beside it.
 *
 * @param output what the layer makes of the batch [n, …]; not written to
 * @param first position of the batch's first image in the stratified order
 * @throws PluginError as `perturb` does, or where the batch is not the output's first dimension
 */
export function drawActivations(
  output: Tensor,
  draw: DrawOf<ActivationPerturbation>,
  repeat: number,
  first: number,
  { spreads }: Pick<Surroundings, 'spreads'>,
): Tensor {
  const { layer, perturbation, intensity } = draw
  const [images = 0, ...shape] = output.shape
  if (shape.join() !== layer.outputShape.join()) {
    throw new PluginError(
      `The output of layer '${layer.name}' cannot be perturbed: it has the shape [${output.shape.join(', ')}], which does not begin with the batch.`,
    )
  }
  const stream = truthStream(draw, repeat)
  const size = output.data.length / images
  const data = new Float32Array(output.data.length)
  for (let image = 0; image < images; image++) {
    const activation = { shape, data: output.data.subarray(image * size, (image + 1) * size) }
    const rng = stream.split('image', first + image)
    const made = perturb(perturbation, activation, intensity, { rng, layer, ...spreads.get(layer.name)! })
    data.set(made.data, image * size)
  }
  return { shape: output.shape, data }
}

/** First 16 hex digits of the SHA-256 of a weight's bytes. All platforms that onnxruntime-node runs on are little-endian. */
export function weightDigest({ data }: Tensor): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 16)
}
