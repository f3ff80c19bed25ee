import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { singularValues } from './singular-values.ts'

/** A singular value that is smaller than this share of the largest one cannot be told from 0 in numbers of 32 bits. */
const precision = 2 ** -23

/**
 * s(l) = σ₁ / max(σ_min, 2⁻²³ σ₁), σ the singular values of the layer's weight as a matrix: a row an output channel, a
 * column an input channel and place of the kernel; a grouped convolution's is block-diagonal. σ_min is the last of
 * min(rows, columns).
 *
 * Source: Singh et al. 2018, who hold weights of a high condition number responsible for a network's sensitivity to
 * small changes of its input; that such a layer bears less change of its weights, too, is our reading. The floor is
 * ours: a weight of less than full rank has an infinite condition number, and here the largest one that the precision
 * of weights can tell, 2²³. A single filter scores 1. A layer of zeros has no condition number; it scores 0.
 */
export const conditionNumber = defineCriterion({
  name: 'condition-number',
  version: 1,
  summary: 'Divides the largest singular value of the weights by the smallest.',
  reference: {
    title: 'Neural Networks in Adversarial Setting and Ill-Conditioned Weight Space (Singh et al. 2018)',
    url: 'https://arxiv.org/abs/1801.00905',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const values = singularValues(layer, weights(layer))
      const largest = values[0]!
      return largest === 0 ? 0 : largest / Math.max(values.at(-1)!, precision * largest)
    }),
})
