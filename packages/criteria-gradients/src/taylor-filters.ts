import { byLayer, defineCriterion, filtersOf } from '@loadbearing/core'
import { z } from 'zod'
import { meanGradients } from './mean-gradients.ts'

/**
 * s(l) = Σ_c (Σ_{w ∈ c} w · ∂L/∂w)², c the filters of the layer (or the rows or columns of a matrix), L the mean
 * cross-entropy of the first N calibration examples: of every filter the square of what the loss would change, to first order, if
 * it went as a whole.
 *
 * Source: Molchanov et al. 2019, the importance of a set of weights as the square of the sum of its members' contributions (no
 * equation number, as the paper could not be opened; what it estimates is equation 3, as others cite it). They rank filters; here
 * they are summed over the layer. The bias belongs to no layer's weight and is left out. The whole layer as one set is no criterion
 * of its own: where only ReLU, sums and maxima follow and no bias, Σ w · ∂L/∂w is the same for every layer of a chain, by Euler's
 * theorem on homogeneous functions. As with taylor the gradient is of the mean over all N examples.
 */
export const taylorFilters = defineCriterion({
  name: 'taylor-filters',
  version: 2,
  summary: 'Sums the squares of gradient times weight, each added up over a filter first.',
  reference: {
    title: 'Importance Estimation for Neural Network Pruning (Molchanov et al. 2019)',
    url: 'https://arxiv.org/abs/1906.10771',
  },
  needs: ['weights', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, weights, gradients }, options) {
    const means = await meanGradients({ gradients }, options)
    return byLayer(layers, (layer) => {
      const mean = means.get(layer.name)!
      const filters = filtersOf(layer)
      const contributions = new Float64Array(filters.count)
      for (const [i, weight] of weights(layer).data.entries()) contributions[filters.of(i)]! += weight * mean[i]!
      return contributions.reduce((total, contribution) => total + contribution ** 2, 0)
    })
  },
})
