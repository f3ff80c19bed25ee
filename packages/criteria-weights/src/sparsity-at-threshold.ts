import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { momentsOf } from './moments.ts'

/**
 * s(l) = 1 − sparsity = share of the layer's weights with |w| > t, t = `quality` · σ, σ the standard deviation of the
 * layer's weights.
 *
 * Source: Han et al. 2015, who prune below a quality parameter times the standard deviation of a layer's weights and
 * choose the parameter by hand. Sparsity itself would rank the layers the wrong way round: the more of a layer is next
 * to nothing, the less hangs on it. The threshold grows with the layer's weights, so that the score tells their
 * distribution and not their size. Of weights that are all equal σ is 0: they score 1, or 0 where they are zeros. A
 * weight that is not finite leaves no σ: it gives NaN.
 */
export const sparsityAtThreshold = defineCriterion({
  name: 'sparsity-at-threshold',
  version: 1,
  summary: 'Takes the share of weights that a threshold in proportion to their spread would leave.',
  reference: {
    title: 'Learning both Weights and Connections for Efficient Neural Networks (Han et al. 2015)',
    url: 'https://arxiv.org/abs/1506.02626',
  },
  needs: ['weights'],
  options: z.object({
    quality: z.number().nonnegative().default(1).describe('threshold, in standard deviations of the weights'),
  }),
  score: ({ layers, weights }, { quality }) =>
    byLayer(layers, (layer) => {
      const { data } = weights(layer)
      const threshold = quality * momentsOf(data).std
      if (Number.isNaN(threshold)) return NaN
      return data.reduce((count, w) => count + (Math.abs(w) > threshold ? 1 : 0), 0) / data.length
    }),
})
