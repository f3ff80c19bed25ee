import { type Capabilities, featureAxisOf, type Layer, sizeOf, type Tensor } from '@loadbearing/core'
import { gradientsAtOutputs, outputsOf } from './outputs.ts'

/** A layer's maps: their values at all places, added up, the places of a map, and the examples, each of which has one map. */
export interface Maps {
  readonly total: number
  readonly places: number
  readonly examples: number
}

/**
 * Grad-CAM of every layer, by layer name: the map ReLU(Σ_k a_k y_k), y_k feature map k of what the layer makes, a_k the mean over its
 * places of the gradient of the logit of the true class.
 */
export async function classActivationMaps(
  layers: readonly Layer[],
  {
    activations,
    activationGradients,
  }: Capabilities['activations'] & Pick<Capabilities['gradients'], 'activationGradients'>,
  examples: number,
): Promise<ReadonlyMap<string, Maps>> {
  const made = await outputsOf({ activations }, { examples })
  const gradients = await gradientsAtOutputs({ activationGradients }, { objective: 'true-logit', examples })
  return new Map(layers.map((layer) => [layer.name, mapsOf(layer, made.get(layer.name)!, gradients.get(layer.name)!)]))
}

function mapsOf(layer: Layer, { shape, data }: Tensor, gradient: Tensor): Maps {
  const [examples] = shape as [number]
  const axis = featureAxisOf(layer, shape.length)
  const [features, stride] = [shape[axis]!, sizeOf(shape.slice(axis + 1))]
  const size = data.length / examples
  const places = size / features
  const featureOf = (i: number): number => Math.floor(i / stride) % features
  const placeOf = (i: number): number => Math.floor(i / (stride * features)) * stride + (i % stride)
  let total = 0
  for (let start = 0; start < data.length; start += size) {
    const weights = new Float64Array(features)
    for (let i = 0; i < size; i++) weights[featureOf(i)]! += gradient.data[start + i]! / places
    const map = new Float64Array(places)
    for (let i = 0; i < size; i++) map[placeOf(i)]! += weights[featureOf(i)]! * data[start + i]!
    // Not by a maximum: what is no number must stay none.
    for (const value of map) total += value < 0 ? 0 : value
  }
  return { total, places, examples }
}
