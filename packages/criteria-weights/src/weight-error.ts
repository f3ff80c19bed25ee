import { defineCriterion, drawPerturbation, type Layer, precisionOptions, squaredDistance } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = mean over draws of ‖W′ − W‖₂, W′ the layer's weights under the perturbation that is being predicted; relative to
 * ‖W‖₂ where `relative` is set.
 *
 * Source: the factor ‖Q(W) − W‖² of HAWQ-V2's sensitivity (Dong et al. 2020) without the other one, the Hessian's trace; for any
 * perturbation. Without the square, too: at one intensity the layers rank alike, but pooled over a grid the strongest intensity
 * would drown the others. A deterministic perturbation is drawn once, any other until the score is precise (core's
 * `drawUntilPrecise`). Relative to a norm of 0 the error counts as 0.
 */
export const weightError = defineCriterion({
  name: 'weight-error',
  version: 2,
  summary: 'Measures how far the perturbation moves the weights.',
  reference: {
    title: 'HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks (Dong et al. 2020)',
    url: 'https://arxiv.org/abs/1911.03852',
  },
  needs: ['weights', 'perturbation'],
  options: z.object({
    ...precisionOptions(16),
    relative: z.boolean().default(false).describe('divide by the norm of the weights'),
  }),
  score({ layers, weights, perturbation, perturbed }, { relative, ...precision }) {
    const norms = new Map(
      layers.map((layer) => [layer.name, relative ? Math.sqrt(sumOfSquares(weights(layer).data)) : 1]),
    )
    return drawPerturbation({ layers, perturbation }, precision, (draw) => {
      const errorOf = (layer: Layer): number => {
        const norm = norms.get(layer.name)!
        return norm === 0 ? 0 : Math.sqrt(squaredDistance(perturbed(layer, draw), weights(layer))) / norm
      }
      return new Map(layers.map((layer) => [layer.name, errorOf(layer)]))
    })
  },
})

const sumOfSquares = (values: Float32Array): number => values.reduce((sum, w) => sum + w * w, 0)
