import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = √(Σ w²), the Frobenius norm of the layer's weights.
 *
 * Source: He et al. 2018, section 3.2 (the filter's Lp-norm with p = 2), who take it of a filter; here it is the whole layer's.
 */
export const l2Norm = defineCriterion({
  name: 'l2-norm',
  version: 1,
  summary: 'Takes the Frobenius norm of the weights.',
  reference: {
    title: 'Soft Filter Pruning for Accelerating Deep Convolutional Neural Networks (He et al. 2018)',
    url: 'https://arxiv.org/abs/1808.06866',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => Math.sqrt(weights(layer).data.reduce((sum, w) => sum + w * w, 0))),
})
