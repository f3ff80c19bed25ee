import { defineCriterion, drawUntilPrecise, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { diagonalSaliencies } from './diagonal-saliencies.ts'

/**
 * s(l) = ½ Σ_w h_ww w², over the weights of the layer, h_ww the diagonal of the Hessian of the mean cross-entropy of the first N
 * calibration examples: what the loss would rise by, to second order, without the layer, were the diagonal all of the Hessian and the
 * network at a minimum.
 *
 * Source: LeCun et al. 1989, the saliency of a weight (section 2.2, step 4 of the recipe). They rank weights; here they are summed
 * over the layer, as the diagonal has it (obd-diagonal-mean averages them). They find the diagonal by a backward pass of second
 * derivatives, which neglects what couples the units of a layer and may drop a term, to stay positive; here it is estimated by
 * z ⊙ H z, z a vector of random signs (Bekas et al. 2007), which tends to the true one. Its negative elements, which it has where the
 * network is at no minimum of the loss, count as they are: an estimate without them would tend to nothing of the network. It draws
 * until the score is precise (core's `drawUntilPrecise`).
 */
export const obdDiagonal = defineCriterion({
  name: 'obd-diagonal',
  version: 2,
  summary: "Sums the squares of the weights, each times its place on the diagonal of the loss's Hessian.",
  reference: {
    title: 'Optimal Brain Damage (LeCun et al. 1989)',
    url: 'https://proceedings.neurips.cc/paper/1989/hash/6c9882bbac1c7093bd25041881277658-Abstract.html',
  },
  needs: ['weights', 'hessian', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    ...precisionOptions(64),
  }),
  score({ layers, weights, signs, hessianProduct }, { examples, ...precision }) {
    return drawUntilPrecise(layers, precision, diagonalSaliencies({ layers, weights, signs, hessianProduct }, examples))
  },
})
