import type { TensorsByLayer } from './gradients.ts'
import type { Layer } from './layer.ts'
import type { Rng } from './rng.ts'
import { sizeOf } from './tensor.ts'

/** Independent signs, −1 or 1, over the weights of some layers. */
export function randomSigns(layers: readonly Layer[], rng: Rng): TensorsByLayer {
  return new Map(
    layers.map(({ name, weightShape: shape }) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, () => (rng.uniform() < 0.5 ? -1 : 1))
      return [name, { shape, data }]
    }),
  )
}
