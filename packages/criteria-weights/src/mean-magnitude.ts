import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = (1/n) Σ |w|: the l1-norm without the size of the layer.
 *
 * Source: the magnitude criterion of Han et al. 2015 (which they apply to single weights), averaged over the layer.
 */
export const meanMagnitude = defineCriterion({
  name: 'mean-magnitude',
  version: 1,
  summary: 'Averages the magnitudes of the weights.',
  reference: {
    title: 'Learning both Weights and Connections for Efficient Neural Networks (Han et al. 2015)',
    url: 'https://arxiv.org/abs/1506.02626',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const { data } = weights(layer)
      return data.reduce((sum, w) => sum + Math.abs(w), 0) / data.length
    }),
})
