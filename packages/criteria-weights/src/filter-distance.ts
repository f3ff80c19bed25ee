import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { filterDistances } from './filter-distances.ts'

/**
 * s(l) = (1/n²) Σ_i Σ_j ‖F_i − F_j‖₂, F the layer's n filters, each with the weights of one output channel.
 *
 * Source: He et al. 2019, who prune the filters nearest to the geometric median of a layer's filters: those of the
 * smallest Σ_j ‖F_i − F_j‖₂ (equation 4, section 3.4, of their corrected version; equation 6 of the one before, by
 * their repository), which the others can stand in for. They rank filters within a layer and say nothing of layers.
 * Here it is the mean over the filters, and over what each is compared with, so that the number of filters does not
 * count; filter-distance-sum is the sum. As in the paper a filter is compared with itself, too: a layer of one filter
 * scores 0, as one of equal filters or zeros does. Groups of a convolution are not told apart. The distance grows with
 * the weights: theirs is not normalized either.
 */
export const filterDistance = defineCriterion({
  name: 'filter-distance',
  version: 1,
  summary: "Averages the distances between the layer's filters.",
  reference: {
    title: 'Filter Pruning via Geometric Median for Deep Convolutional Neural Networks Acceleration (He et al. 2019)',
    url: 'https://arxiv.org/abs/1811.00250',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => {
      const { sum, filters } = filterDistances(layer, weights(layer))
      return sum / filters ** 2
    }),
})
