import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanGradients } from './mean-gradients.ts'

/**
 * s(l) = Σ_w |w · ∂L/∂w|, over the weights of the layer, L the mean cross-entropy of the first N calibration examples: what the
 * loss would change, to first order, if each weight went, without regard to sign.
 *
 * Source: Lee et al. 2019 (equation 6, section 4.1, of the submission), who divide by the sum over the whole network, which
 * leaves the order as it is. They prune before training, by one batch of training examples; here the network is trained, and
 * the gradient is of the mean over all N examples, in however many batches. They rank weights; here they are summed over the
 * layer.
 */
export const snip = defineCriterion({
  name: 'snip',
  version: 1,
  summary: 'Sums the magnitudes of gradient times weight.',
  reference: {
    title: 'SNIP: Single-shot Network Pruning based on Connection Sensitivity (Lee et al. 2019)',
    url: 'https://arxiv.org/abs/1810.02340',
  },
  needs: ['weights', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, weights, gradients }, options) {
    const means = await meanGradients({ gradients }, options)
    return byLayer(layers, (layer) => {
      const mean = means.get(layer.name)!
      return weights(layer).data.reduce((total, weight, i) => total + Math.abs(weight * mean[i]!), 0)
    })
  },
})
