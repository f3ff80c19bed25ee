import type { Capabilities } from '@loadbearing/core'

/**
 * Draws z ⊙ H z, by layer name: z a vector of random signs over the weights of all layers, H the Hessian of the mean loss of the first
 * `examples` calibration examples. A mean over draws tends to the diagonal of H, the sum over a layer to its block's trace.
 * Draw k is the same whenever it is asked for, and whoever asks.
 */
export function signProducts(
  { signs, hessianProduct }: Capabilities['hessian'],
  examples: number,
): (draw: number) => Promise<ReadonlyMap<string, Float32Array>> {
  return async (draw) => {
    const vector = signs(draw)
    const products = await hessianProduct(vector, examples)
    return new Map(
      [...products].map(([name, { data }]) => {
        const its = vector.get(name)!.data
        return [name, data.map((value, i) => its[i]! * value)]
      }),
    )
  }
}
