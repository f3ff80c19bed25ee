import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = Σ |w|, over all weights of the layer.
 *
 * Source: Li et al. 2017, section 3.1, who sum over a filter to rank filters within a layer; here the sum runs over the
 * layer's filters, to rank layers.
 */
export const l1Norm = defineCriterion({
  name: 'l1-norm',
  version: 1,
  summary: 'Sums the magnitudes of the weights.',
  reference: {
    title: 'Pruning Filters for Efficient ConvNets (Li et al. 2017)',
    url: 'https://arxiv.org/abs/1608.08710',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => weights(layer).data.reduce((sum, w) => sum + Math.abs(w), 0)),
})
