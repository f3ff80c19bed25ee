import { byLayer, defineCriterion, type Tensor } from '@loadbearing/core'
import { z } from 'zod'
import { meanGradients } from './mean-gradients.ts'

/**
 * s(l) = Σ_w w · (H g)_w, over the weights of the layer, g the gradient of the mean cross-entropy of the first N calibration
 * examples with respect to the weights of all layers, H its Hessian: half of what the squared norm of g would lose, to first order,
 * if the layer's weights went. A layer whose removal makes the gradient longer has a negative score.
 *
 * Source: Wang et al. 2020, whose score of a weight is S = −w · (H g)_w (equation 8, by their repository): they keep the weights of
 * the lowest S, those whose removal would take most from the flow of gradients. Higher means more important here, hence −S. S is
 * linear in what is removed, so that the sum is that of the layer as they define it. They score before training, with the logits
 * divided by a temperature, to find what can be trained; here the network is trained, and its logits are as they are. Biases are no
 * part of g.
 */
export const grasp = defineCriterion({
  name: 'grasp',
  version: 1,
  summary: 'Estimates how much of the squared norm of the gradient would be lost without the layer.',
  reference: {
    title: 'Picking Winning Tickets Before Training by Preserving Gradient Flow (Wang et al. 2020)',
    url: 'https://arxiv.org/abs/2002.07376',
  },
  needs: ['weights', 'gradients', 'hessian', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, weights, gradients, hessianProduct }, options) {
    const means = await meanGradients({ gradients }, options)
    const direction = new Map(
      layers.map(({ name, weightShape: shape }): [string, Tensor] => [
        name,
        { shape, data: Float32Array.from(means.get(name)!) },
      ]),
    )
    const product = await hessianProduct(direction, options.examples)
    return byLayer(layers, (layer) => {
      const { data } = product.get(layer.name)!
      return weights(layer).data.reduce((sum, weight, i) => sum + weight * data[i]!, 0)
    })
  },
})
