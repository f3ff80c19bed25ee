import { defineCriterion } from '@loadbearing/core'
import { flows } from './flows.ts'
import { perWeight } from './per-weight.ts'
import { synflow } from './synflow.ts'

/**
 * s(l) = (1/n) Σ_w |w · ∂R/∂|w||, over the n weights of the layer, R as in `synflow`: the flow through one of its weights.
 *
 * Source: Tanaka et al. 2020, who show (from theorem 2, by their patent) that the mean score of a layer falls with its number of
 * weights, and prune by the score of a weight; that a layer's score is the mean is ours.
 */
export const synflowMean = defineCriterion({
  name: 'synflow-mean',
  version: 1,
  summary:
    'Averages weight times gradient in the network of magnitudes, on an input of ones: what flows through a weight.',
  reference: synflow.reference,
  needs: ['weights', 'gradients'],
  options: synflow.options,
  score: async (context) => perWeight(context.layers, await flows(context)),
})
