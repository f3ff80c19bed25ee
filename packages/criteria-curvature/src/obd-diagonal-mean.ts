import { defineCriterion, drawUntilPrecise } from '@loadbearing/core'
import { diagonalSaliencies } from './diagonal-saliencies.ts'
import { obdDiagonal } from './obd-diagonal.ts'
import { perWeight } from './per-weight.ts'

/**
 * s(l) = (1/n_l) ½ Σ_w h_ww w², n_l the number of the layer's weights: the saliency of one of its weights. All else is as in `obd-diagonal`,
 * from the same draws; that it is precise is judged by the spread of the means.
 *
 * Source: LeCun et al. 1989, who have a score of a weight (section 2.2, step 4 of the recipe) and none of a layer:
 * the sum and the mean are both offered.
 */
export const obdDiagonalMean = defineCriterion({
  name: 'obd-diagonal-mean',
  version: 1,
  summary: "Averages the squares of the weights, each times its place on the diagonal of the loss's Hessian.",
  reference: obdDiagonal.reference,
  needs: ['weights', 'hessian', 'labels'],
  options: obdDiagonal.options,
  score({ layers, weights, signs, hessianProduct }, { examples, ...precision }) {
    const saliencies = diagonalSaliencies({ layers, weights, signs, hessianProduct }, examples)
    return drawUntilPrecise(layers, precision, perWeight(layers, saliencies))
  },
})
