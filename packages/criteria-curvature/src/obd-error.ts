import { defineCriterion, drawUntilPrecise, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { remembered } from './remembered.ts'
import { signProducts } from './sign-products.ts'
import { weightedError } from './weighted-error.ts'

/**
 * s(l) = ½ Σ_w h_ww (w′ − w)², over the weights of the layer, h_ww the diagonal of the Hessian of the mean cross-entropy of the first
 * N calibration examples, w′ the weight under the perturbation that is being predicted: what the loss would rise by, to second order,
 * were the diagonal all of the Hessian and the network at a minimum.
 *
 * Source: LeCun et al. 1989, the diagonal approximation of what any change of the weights does to the loss (equation 3, section 2),
 * before they take it for deletion, which is obd-diagonal; the diagonal is estimated as there, and negative elements count as they
 * are. The draws of the diagonal are shared by all levels and kept, four bytes a weight and draw. A draw of the score is one of the
 * diagonal with one of the perturbation, which are independent; it draws until the score is precise (core's `drawUntilPrecise`).
 */
export const obdError = defineCriterion({
  name: 'obd-error',
  version: 2,
  summary: "Sums the squared errors of the weights, each times its place on the diagonal of the loss's Hessian.",
  reference: {
    title: 'Optimal Brain Damage (LeCun et al. 1989)',
    url: 'https://proceedings.neurips.cc/paper/1989/hash/6c9882bbac1c7093bd25041881277658-Abstract.html',
  },
  needs: ['weights', 'hessian', 'labels', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    ...precisionOptions(64),
  }),
  async score(context, { examples, ...precision }) {
    const { layers, weights, perturbation, perturbed, once } = context
    const diagonals = await once('diagonals', () => remembered(signProducts(context, examples)))
    return drawUntilPrecise(layers, precision, async (draw) => {
      const diagonal = await diagonals(draw)
      return new Map(
        layers.map((layer) => {
          const moved = perturbed(layer, perturbation.stochastic ? draw : 0)
          return [layer.name, weightedError(diagonal.get(layer.name)!, moved, weights(layer)) / 2]
        }),
      )
    })
  },
})
