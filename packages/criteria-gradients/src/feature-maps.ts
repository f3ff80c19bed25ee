import { type Capabilities, featureAxisOf, type Layer, type LayerActivations, sizeOf } from '@loadbearing/core'

/** What the context of a criterion must offer for `meanOverMaps`. */
export interface Maps extends Pick<Capabilities['gradients'], 'activationGradients'> {
  readonly layers: readonly Layer[]
  readonly activations: Capabilities['activations']['activations']
}

/**
 * The mean over the first `examples` calibration examples of Σ_k f(c_k), by layer name. c_k is what the loss would change, to first
 * order, but for its sign, if feature map k of what the layer makes were zero for this example: Σ a · ∂L/∂a over its places.
 *
 * @param f is given c_k and the number of places of a map
 */
export async function meanOverMaps(
  { layers, activations, activationGradients }: Maps,
  examples: number,
  f: (contribution: number, places: number) => number,
): Promise<ReadonlyMap<string, number>> {
  const totals = new Map(layers.map(({ name }) => [name, 0]))
  const batches = activations({ examples })[Symbol.asyncIterator]()
  let seen = 0
  for await (const { examples: rows, gradients } of activationGradients({ examples })) {
    const made = (await batches.next()).value as ReadonlyMap<string, LayerActivations>
    for (const layer of layers) {
      const { shape, data } = gradients.get(layer.name)!.output
      const values = made.get(layer.name)!.output.data
      const axis = featureAxisOf(layer, shape.length)
      const [maps, stride] = [shape[axis]!, sizeOf(shape.slice(axis + 1))]
      const size = data.length / rows
      let total = 0
      for (let row = 0; row < rows; row++) {
        const contributions = new Float64Array(maps)
        for (let i = 0; i < size; i++) {
          contributions[Math.floor(i / stride) % maps]! += values[row * size + i]! * data[row * size + i]!
        }
        for (const contribution of contributions) total += f(contribution, size / maps)
      }
      totals.set(layer.name, totals.get(layer.name)! + total)
    }
    seen += rows
  }
  await batches.return?.()
  return new Map([...totals].map(([name, total]) => [name, total / seen]))
}
