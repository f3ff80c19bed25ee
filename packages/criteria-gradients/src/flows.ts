import { byLayer, type Capabilities, type Layer, type LayerScores } from '@loadbearing/core'

/** What the criteria of synaptic flow are given. */
interface Flowing extends Pick<Capabilities['gradients'], 'flowGradients'>, Pick<Capabilities['weights'], 'weights'> {
  readonly layers: readonly Layer[]
}

/**
 * Σ_w |w · ∂R/∂|w|| over the weights of every layer, R the sum of the logits of the network of magnitudes on an input of ones. There is
 * no score where it is larger than float32 can hold, or where no weight could change it: activations with an upper bound, such as
 * ReLU6, saturate in a network of magnitudes.
 */
export async function flows({ layers, weights, flowGradients }: Flowing): Promise<LayerScores> {
  const gradients = await flowGradients()
  return byLayer(layers, (layer) => {
    const { data } = gradients.get(layer.name)!
    if (data.every((gradient) => gradient === 0))
      return { reason: 'nothing flows through it: what follows is saturated' }
    const flow = weights(layer).data.reduce((sum, weight, i) => sum + Math.abs(weight * data[i]!), 0)
    return Number.isFinite(flow) ? flow : { reason: 'its flow is larger than float32 can hold' }
  })
}
