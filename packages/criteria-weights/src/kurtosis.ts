import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { momentsOf } from './moments.ts'

/**
 * s(l) = (1/n) Σ ((w − μ) / σ)⁴, μ and σ the mean and the standard deviation (of all n weights, not of a sample): 3 for
 * a normal distribution, 1.8 for a uniform one. Nothing is subtracted from it.
 *
 * Source: Shkolnik et al. 2020, who find that weights of a kurtosis near the uniform distribution's bear quantization
 * best and train towards it. They rank no layers: that a layer of heavier tails is the more sensitive one is our
 * reading. A layer whose weights are all equal, a single weight among them, has no kurtosis, and no score.
 */
export const kurtosis = defineCriterion({
  name: 'kurtosis',
  version: 1,
  summary: 'Measures how heavy the tails of the distribution of weights are.',
  reference: {
    title: 'Robust Quantization: One Model to Rule Them All (Shkolnik et al. 2020)',
    url: 'https://arxiv.org/abs/2002.07686',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const { data } = weights(layer)
      const { mean, std } = momentsOf(data)
      if (std === 0) return { reason: 'all its weights are equal' }
      return data.reduce((sum, w) => sum + ((w - mean) / std) ** 4, 0) / data.length
    }),
})
