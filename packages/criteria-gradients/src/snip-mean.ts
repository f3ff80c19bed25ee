import { defineCriterion } from '@loadbearing/core'
import { snip } from './snip.ts'
import { perWeight } from './per-weight.ts'

/**
 * s(l) = (1/n) Σ_w |w · ∂L/∂w|, over the n weights of the layer: `snip`, for one weight.
 *
 * Source: as `snip`. Lee et al. 2019 rank weights and have no score of a layer: the sum and the mean are both offered.
 */
export const snipMean = defineCriterion({
  name: 'snip-mean',
  version: 1,
  summary: 'Averages the magnitudes of gradient times weight.',
  reference: snip.reference,
  needs: ['weights', 'gradients', 'labels'],
  options: snip.options,
  score: async (context, options) => perWeight(context.layers, await snip.score(context, options)),
})
