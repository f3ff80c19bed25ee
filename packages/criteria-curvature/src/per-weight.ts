import type { Layer } from '@loadbearing/core'

type Draw = (index: number) => Promise<ReadonlyMap<string, number>>

/** Draws of sums over the weights of a layer, as draws of means over them. */
export function perWeight(layers: readonly Layer[], draw: Draw): Draw {
  return async (index) => {
    const sums = await draw(index)
    return new Map(layers.map(({ name, parameters }) => [name, sums.get(name)! / parameters]))
  }
}
