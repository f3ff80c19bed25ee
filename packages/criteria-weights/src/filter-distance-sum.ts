import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { filterDistances } from './filter-distances.ts'

/**
 * s(l) = Σ_i Σ_j ‖F_i − F_j‖₂, F the layer's filters, each with the weights of one output channel: filter-distance
 * without the mean, so that it grows with the square of their number.
 *
 * Source: He et al. 2019, whose score of a filter is Σ_j ‖F_i − F_j‖₂ (equation 4, section 3.4, of their corrected
 * version); they have none of a layer, and this is the sum of its filters'.
 */
export const filterDistanceSum = defineCriterion({
  name: 'filter-distance-sum',
  version: 1,
  summary: "Sums the distances between the layer's filters.",
  reference: {
    title: 'Filter Pruning via Geometric Median for Deep Convolutional Neural Networks Acceleration (He et al. 2019)',
    url: 'https://arxiv.org/abs/1811.00250',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) => byLayer(layers, (layer) => filterDistances(layer, weights(layer)).sum),
})
