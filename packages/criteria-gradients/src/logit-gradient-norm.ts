import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { sumOfSquares } from './sum-of-squares.ts'

/**
 * s(l) = √((1/N) Σ_n ‖∂z_n/∂w_l‖₂²), over the first N calibration examples, z_n the logit of example n's true class: how far a small
 * change of the layer's weights can move it. Unlike the gradient of the loss it does not vanish where the network is sure.
 *
 * Source: the neural tangent kernel (Jacot et al. 2018), which sums over all weights the products of the gradients of two outputs;
 * the square is what the layer adds to its mean diagonal, of the output of the true class alone. The root is ours; it leaves the
 * order as it is. The square is of every example's own gradient: those of different examples would cancel in a mean.
 */
export const logitGradientNorm = defineCriterion({
  name: 'logit-gradient-norm',
  version: 1,
  summary: "Takes the root mean square, over examples, of the norm of the true class's logit's gradient.",
  reference: {
    title: 'Neural Tangent Kernel: Convergence and Generalization in Neural Networks (Jacot et al. 2018)',
    url: 'https://arxiv.org/abs/1806.07572',
  },
  needs: ['gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
  }),
  async score({ layers, exampleGradients }, options) {
    const totals = new Map(layers.map(({ name }) => [name, 0]))
    let examples = 0
    for await (const gradients of exampleGradients({ ...options, objective: 'true-logit' })) {
      for (const [name, total] of totals) totals.set(name, total + sumOfSquares(gradients.get(name)!.data))
      examples++
    }
    return byLayer(layers, ({ name }) => Math.sqrt(totals.get(name)! / examples))
  },
})
