import { defineCriterion } from '@loadbearing/core'
import { grasp } from './grasp.ts'
import { perWeight } from './per-weight.ts'

/**
 * s(l) = (1/n) Σ_w w · (H g)_w, over the n weights of the layer: `grasp`, for one weight.
 *
 * Source: as `grasp`. Wang et al. 2020 rank weights: what a layer has in all and what its weights have each are both offered.
 */
export const graspMean = defineCriterion({
  name: 'grasp-mean',
  version: 1,
  summary: 'Estimates how much of the squared norm of the gradient would be lost without a weight, on average.',
  reference: grasp.reference,
  needs: ['weights', 'gradients', 'hessian', 'labels'],
  options: grasp.options,
  score: async (context, options) => perWeight(context.layers, await grasp.score(context, options)),
})
