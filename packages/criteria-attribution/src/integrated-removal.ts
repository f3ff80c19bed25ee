import { byLayer, defineCriterion, type Tensor } from '@loadbearing/core'
import { z } from 'zod'
import { midpoints } from './midpoints.ts'

/**
 * s(l) = Σ_w |w ∫₀¹ ∂L/∂w (α w_l) dα|, over the weights w of the layer, all of which go together from zero to their own while every
 * other layer keeps its weights; L is the mean cross-entropy of the first N calibration examples. Without the magnitudes the sum
 * would be what the loss rises by as the layer comes to be, below zero where it helps.
 *
 * Source: Yvinec et al. 2022 (SInGE; of their paper no more than the abstract could be opened), who define the relevance of a
 * neuron by the integral of the gradient's variation along a path to its removal. This is that idea as integrated gradients of a
 * layer's weights and not their formula: they rank the neurons of a network; here a layer is removed as a whole, the path is
 * straight, and the integral is taken by the midpoint rule. It takes `steps` passes of every example for every layer.
 */
export const integratedRemoval = defineCriterion({
  name: 'integrated-removal',
  version: 1,
  summary: "Integrates the loss's gradient while a layer's weights go to zero, and sums the magnitudes times weight.",
  reference: {
    title: 'SInGE: Sparsity via Integrated Gradients Estimation of Neuron Relevance (Yvinec et al. 2022)',
    url: 'https://arxiv.org/abs/2207.04089',
  },
  needs: ['weights', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    steps: z.int().min(1).default(8).describe('points of the integral'),
  }),
  async score({ layers, weights, gradients }, { examples, steps }) {
    const sums = new Map<string, number>()
    for (const layer of layers) {
      const { shape, data } = weights(layer)
      const sum = new Float64Array(data.length)
      let seen = 0
      for (const alpha of midpoints(steps)) {
        const scaled: Tensor = { shape, data: data.map((weight) => alpha * weight) }
        for await (const batch of gradients({ examples, weights: new Map([[layer.name, scaled]]) })) {
          const found = batch.gradients.get(layer.name)!.data
          for (let i = 0; i < sum.length; i++) sum[i]! += batch.examples * found[i]!
          seen += batch.examples
        }
      }
      sums.set(
        layer.name,
        sum.reduce((total, value, i) => total + Math.abs((data[i]! * value) / seen), 0),
      )
    }
    return byLayer(layers, ({ name }) => sums.get(name)!)
  },
})
