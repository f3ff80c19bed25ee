import { defineCriterion } from '@loadbearing/core'
import { taylor } from './taylor.ts'
import { perWeight } from './per-weight.ts'

/**
 * s(l) = (1/n) Σ_w (w · ∂L/∂w)², over the n weights of the layer: `taylor`, for one weight.
 *
 * Source: as `taylor`. Molchanov et al. 2019 sum over a set, and compare filters, which have as many weights as one another within a layer;
 * layers have not, hence the mean beside it.
 */
export const taylorMean = defineCriterion({
  name: 'taylor-mean',
  version: 1,
  summary: 'Averages the squares of gradient times weight.',
  reference: taylor.reference,
  needs: ['weights', 'gradients', 'labels'],
  options: taylor.options,
  score: async (context, options) => perWeight(context.layers, await taylor.score(context, options)),
})
