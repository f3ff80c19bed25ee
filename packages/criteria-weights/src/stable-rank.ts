import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { singularValues } from './singular-values.ts'

/**
 * s(l) = ‖W‖²_F / ‖W‖²₂ = Σ σ_i² / σ₁², σ the singular values of the layer's weight as a matrix: a row an output
 * channel, a column an input channel and place of the kernel; a grouped convolution's is block-diagonal.
 *
 * Source: Sanyal et al. 2020, who take it of every layer and bound it while training. They propose no ranking of
 * layers: that a layer which uses more directions carries more is our reading. It is from 1, as of a single filter, to
 * the number of singular values, so that wide layers can reach more. A layer of zeros scores 0, its rank.
 */
export const stableRank = defineCriterion({
  name: 'stable-rank',
  version: 1,
  summary: 'Divides the squared Frobenius norm of the weights by their squared spectral norm.',
  reference: {
    title: 'Stable Rank Normalization for Improved Generalization in Neural Networks and GANs (Sanyal et al. 2020)',
    url: 'https://arxiv.org/abs/1906.04659',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const values = singularValues(layer, weights(layer))
      const largest = values[0]!
      return largest === 0 ? 0 : values.reduce((sum, value) => sum + (value / largest) ** 2, 0)
    }),
})
