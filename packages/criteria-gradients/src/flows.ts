import { byLayer, type Capabilities, type Layer, type LayerScores } from '@loadbearing/core'

/** What the criteria of synaptic flow are given. */
interface Flowing extends Pick<Capabilities['gradients'], 'flowGradients'>, Pick<Capabilities['weights'], 'weights'> {
  readonly layers: readonly Layer[]
}

/**
 * Σ_w |w| · ∂R/∂|w| over the weights of every layer, R the sum of the logits of the network of magnitudes on an input of ones. Where
 * it is larger than float32 can hold there is no score.
 *
 * @param scored is given the flow through a layer
 */
export async function flows(
  { layers, weights, flowGradients }: Flowing,
  scored: (flow: number, layer: Layer) => number,
): Promise<LayerScores> {
  const gradients = await flowGradients()
  return byLayer(layers, (layer) => {
    const { data } = gradients.get(layer.name)!
    const flow = weights(layer).data.reduce((sum, weight, i) => sum + Math.abs(weight * data[i]!), 0)
    return Number.isFinite(flow) ? scored(flow, layer) : { reason: 'its flow is larger than float32 can hold' }
  })
}
