import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanGradients } from './mean-gradients.ts'
import { sumOfSquares } from './sum-of-squares.ts'

/**
 * s(l) = ‖∂L/∂w_l‖₂, L the mean cross-entropy of the first N calibration examples: how steeply the loss rises for a change of the
 * layer's weights of a given length.
 *
 * Source: Abdelfattah et al. 2021, whose grad_norm is the sum of such norms after one batch, for a whole network before training;
 * here it is the part of a layer, of a trained network, and of the mean over all N examples, in however many batches. Near a
 * minimum of the loss the mean gradient is small, and the norm says which layers have not come to rest.
 */
export const gradientNorm = defineCriterion({
  name: 'gradient-norm',
  version: 1,
  summary: "Takes the Euclidean norm of the loss's gradient.",
  reference: {
    title: 'Zero-Cost Proxies for Lightweight NAS (Abdelfattah et al. 2021)',
    url: 'https://arxiv.org/abs/2101.08134',
  },
  needs: ['gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, gradients }, options) {
    const means = await meanGradients({ gradients }, options)
    return byLayer(layers, ({ name }) => Math.sqrt(sumOfSquares(means.get(name)!)))
  },
})
