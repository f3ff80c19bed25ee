import { defineCriterion } from '@loadbearing/core'
import { fisher } from './fisher.ts'
import { perWeight } from './per-weight.ts'

/**
 * s(l) = (1/n) Σ_w (1/N) Σ_n (∂L_n/∂w)², over the n weights of the layer: `fisher`, for one weight.
 *
 * Source: as `fisher`. A trace is a sum; which of the two tells layers apart is for the table to say. It is the part of FIT that does not depend
 * on the perturbation.
 */
export const fisherMean = defineCriterion({
  name: 'fisher-mean',
  version: 1,
  summary: 'Averages the diagonal of the empirical Fisher information over the weights.',
  reference: fisher.reference,
  needs: ['gradients', 'labels'],
  options: fisher.options,
  score: async (context, options) => perWeight(context.layers, await fisher.score(context, options)),
})
