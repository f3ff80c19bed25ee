import { definePerturbation } from '@loadbearing/core'
import { shareOf } from './share-of.ts'
import { smallest } from './smallest.ts'

/**
 * The round(f · n) weights of smallest magnitude become 0; among equal magnitudes those that stand first in the tensor.
 *
 * Source: Han et al. 2015, section 3, who choose a threshold per layer; here the fraction is given and the threshold follows.
 */
export const magnitudePruning = definePerturbation({
  name: 'magnitude-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Sets the given fraction of the weights, those of smallest magnitude, to zero.',
  reference: {
    title: 'Learning both Weights and Connections for Efficient Neural Networks (Han et al. 2015)',
    url: 'https://arxiv.org/abs/1506.02626',
  },
  target: 'weights',
  unit: 'fraction of the weights',
  intensities: [0.7, 0.8, 0.85, 0.9, 0.95],
  stochastic: false,
  apply({ shape, data }, fraction) {
    const pruned = data.slice()
    for (const place of smallest(data.map(Math.abs), shareOf(fraction, data.length))) pruned[place] = 0
    return { shape, data: pruned }
  },
})
