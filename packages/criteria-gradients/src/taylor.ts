import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanGradients } from './mean-gradients.ts'

/**
 * s(l) = Σ_w (w · ∂L/∂w)², over the weights of the layer, L the mean cross-entropy of the first N calibration examples: of every
 * weight the square of what the loss would change, to first order, if it went.
 *
 * Source: Molchanov et al. 2019, the first-order importance of a weight (no equation number, as the paper could not be opened;
 * what it estimates is equation 3, as others cite it) and, of a set of weights, the sum of its members' importances; here the
 * set is the layer. They offer a second importance of a set, the square of the sum: of filters that is taylor-filters. They
 * square the gradient of every batch and average over batches, so that the score depends on the size of a batch; here it is
 * the gradient of the mean over all N examples, one batch.
 */
export const taylor = defineCriterion({
  name: 'taylor',
  version: 1,
  summary: 'Sums the squares of gradient times weight.',
  reference: {
    title: 'Importance Estimation for Neural Network Pruning (Molchanov et al. 2019)',
    url: 'https://arxiv.org/abs/1906.10771',
  },
  needs: ['weights', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, weights, gradients }, options) {
    const means = await meanGradients({ gradients }, options)
    return byLayer(layers, (layer) => {
      const mean = means.get(layer.name)!
      return weights(layer).data.reduce((total, weight, i) => total + (weight * mean[i]!) ** 2, 0)
    })
  },
})
