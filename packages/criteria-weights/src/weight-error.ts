import { byLayer, defineCriterion, meanOfDraws } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = mean over draws of ‖W′ − W‖₂, W′ the layer's weights under the perturbation that is being predicted; relative to
 * ‖W‖₂ where `relative` is set.
 *
 * Source: the factor ‖Q(W) − W‖² of HAWQ-V2's sensitivity (Dong et al. 2020) without the other one, the Hessian's trace; for any
 * perturbation. Without the square, too: at one intensity the layers rank alike, but pooled over a grid the strongest intensity
 * would drown the others. A deterministic perturbation is drawn once. Relative to a norm of 0 the error counts as 0.
 */
export const weightError = defineCriterion({
  name: 'weight-error',
  version: 1,
  summary: 'Measures how far the perturbation moves the weights.',
  reference: {
    title: 'HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks (Dong et al. 2020)',
    url: 'https://arxiv.org/abs/1911.03852',
  },
  needs: ['weights', 'perturbation'],
  options: z.object({
    draws: z.int().min(1).default(4).describe('draws of a stochastic perturbation'),
    relative: z.boolean().default(false).describe('divide by the norm of the weights'),
  }),
  score({ layers, weights, perturbation, perturbed }, { draws, relative }) {
    const count = perturbation.stochastic ? draws : 1
    return byLayer(layers, (layer) => {
      const original = weights(layer).data
      const norm = relative ? Math.sqrt(original.reduce((sum, w) => sum + w * w, 0)) : 1
      const errors = Array.from({ length: count }, (_, draw) => {
        const moved = perturbed(layer, draw).data
        const error = Math.sqrt(original.reduce((sum, w, i) => sum + (moved[i]! - w) ** 2, 0))
        return norm === 0 ? 0 : error / norm
      })
      return meanOfDraws(errors)
    })
  },
})
