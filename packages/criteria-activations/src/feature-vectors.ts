import { featureAxisOf, type Layer, sizeOf, type Tensor } from '@loadbearing/core'

/** Where the features of what a layer reads or makes are: feature f of vector v lies at `start(v) + f * stride`. */
export interface FeatureVectors {
  /** Vectors: places of all examples, those of an example one after another. */
  readonly count: number
  readonly features: number
  readonly stride: number
  readonly start: (vector: number) => number
}

/** A vector over features for every place of every example. */
export function featureVectorsOf(layer: Layer, { shape }: Tensor): FeatureVectors {
  const axis = featureAxisOf(layer, shape.length)
  const [features, stride] = [shape[axis]!, sizeOf(shape.slice(axis + 1))]
  return {
    count: sizeOf(shape) / features,
    features,
    stride,
    start: (vector) => Math.floor(vector / stride) * stride * features + (vector % stride),
  }
}
