import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { sumOfLamp } from './sum-of-lamp.ts'

/**
 * s(l) = (1/n) Σ_u LAMP(u), with the layer's weights in ascending order of magnitude and
 *
 *   LAMP(u) = w_u² / Σ_{v ≥ u} w_v²
 *
 * Source: Lee et al. 2021, section 2. Theirs is a score of a weight; one threshold over all layers decides what is pruned, so a
 * layer of higher scores keeps a larger share of its weights. The paper has no score of a layer; the mean is ours, because a
 * share is what the threshold acts on; the sum is lamp-sum. The mean favours small layers, as LAMP does (every layer's largest weight scores 1). Zeros score 0.
 */
export const lamp = defineCriterion({
  name: 'lamp',
  version: 1,
  summary: 'Averages the layer-adaptive magnitude scores of the weights.',
  reference: {
    title: 'Layer-adaptive sparsity for the Magnitude-based Pruning (Lee et al. 2021)',
    url: 'https://arxiv.org/abs/2010.07611',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const { data } = weights(layer)
      return sumOfLamp(data) / data.length
    }),
})
