import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { sumOfSquares } from './sum-of-squares.ts'

/**
 * s(l) = (1/N) Σ_n Σ_w (∂L_n/∂w)², over the first N calibration examples and the weights of the layer, L_n the cross-entropy of
 * example n's true class: the diagonal of the empirical Fisher information, its trace.
 *
 * Source: Kunstner et al. 2019, who write the empirical Fisher of the whole network as a sum over examples (section 1); here it is
 * the mean, and of its diagonal the part that belongs to a layer, summed. It takes true classes; the Fisher information itself
 * takes classes drawn from the network's own predictions. The square is of every example's own gradient: that of a batch's mean
 * would be far smaller.
 */
export const fisher = defineCriterion({
  name: 'fisher',
  version: 1,
  summary: 'Sums the diagonal of the empirical Fisher information over the weights.',
  reference: {
    title: 'Limitations of the Empirical Fisher Approximation for Natural Gradient Descent (Kunstner et al. 2019)',
    url: 'https://arxiv.org/abs/1905.12558',
  },
  needs: ['gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
  }),
  async score({ layers, exampleGradients }, options) {
    const totals = new Map(layers.map(({ name }) => [name, 0]))
    let examples = 0
    for await (const gradients of exampleGradients(options)) {
      for (const [name, total] of totals) totals.set(name, total + sumOfSquares(gradients.get(name)!.data))
      examples++
    }
    return byLayer(layers, ({ name }) => totals.get(name)! / examples)
  },
})
