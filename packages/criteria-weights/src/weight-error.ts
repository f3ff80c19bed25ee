import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = mean over draws of ‖W′ − W‖₂, W′ the layer's weights under the perturbation that is being predicted; relative to
 * ‖W‖₂ where `relative` is set.
 *
 * Source: the weight perturbation ‖Q(W) − W‖² of HAWQ-V2 (Dong et al. 2020, equation 12) without its Hessian factor, for any
 * perturbation and without the square (which ranks layers alike). A deterministic perturbation is drawn once.
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
      const mean = errors.reduce((sum, error) => sum + error, 0) / count
      if (count === 1) return mean
      const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (count - 1)
      return { value: mean, standardError: Math.sqrt(variance / count) }
    })
  },
})
