import { type Capabilities, type Layer, type Rng, sizeOf, type TensorsByLayer } from '@loadbearing/core'

/** What a draw of Hutchinson's estimator needs. */
export type Curved = { readonly layers: readonly Layer[] } & Pick<Capabilities['hessian'], 'hessianProduct'>

/**
 * Draws z ⊙ H z, by layer name: z a vector of random signs over the weights of all layers, H the Hessian of the mean loss of the first
 * `examples` calibration examples. A mean over draws tends to the diagonal of H, the sum over a layer to its block's trace.
 * Draw k is the same whenever it is asked for.
 */
export function signProducts(
  { layers, hessianProduct }: Curved,
  examples: number,
  rng: Rng,
): (draw: number) => Promise<ReadonlyMap<string, Float32Array>> {
  return async (draw) => {
    const signs = signsOf(layers, rng.split(draw))
    const products = await hessianProduct(signs, examples)
    return new Map(
      [...products].map(([name, { data }]) => {
        const its = signs.get(name)!.data
        return [name, data.map((value, i) => its[i]! * value)]
      }),
    )
  }
}

function signsOf(layers: readonly Layer[], rng: Rng): TensorsByLayer {
  return new Map(
    layers.map(({ name, weightShape: shape }) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, () => (rng.uniform() < 0.5 ? -1 : 1))
      return [name, { shape, data }]
    }),
  )
}
