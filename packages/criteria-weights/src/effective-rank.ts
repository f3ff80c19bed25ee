import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { singularValues } from './singular-values.ts'

/**
 * s(l) = exp(−Σ p_i ln p_i), p_i = σ_i / Σ σ, σ the singular values of the layer's weight as a matrix: a row an output
 * channel, a column an input channel and place of the kernel; a grouped convolution's is block-diagonal. A p of 0 adds
 * nothing.
 *
 * Source: Roy and Vetterli 2007 (definition 1, as others cite it): the distribution is of the singular values, not of
 * their squares, as some take it. They rank no layers: that a layer which uses more directions carries more is our
 * reading. It is from 1, as of a single filter, to the number of singular values, so that wide layers can reach more.
 * It is theirs of a matrix that is not zero; a layer of zeros scores 0, its rank.
 */
export const effectiveRank = defineCriterion({
  name: 'effective-rank',
  version: 1,
  summary: 'Takes the exponential of the entropy of the singular values.',
  reference: {
    title: 'The Effective Rank: A Measure of Effective Dimensionality (Roy and Vetterli 2007)',
    url: 'https://ieeexplore.ieee.org/document/7098875',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const values = singularValues(layer, weights(layer))
      const total = values.reduce((sum, value) => sum + value, 0)
      if (total === 0) return 0
      const entropy = values.reduce(
        (sum, value) => (value === 0 ? sum : sum - (value / total) * Math.log(value / total)),
        0,
      )
      return Math.exp(entropy)
    }),
})
