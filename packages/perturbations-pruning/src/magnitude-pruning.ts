import { definePerturbation } from '@loadbearing/core'

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
    if (!(fraction >= 0 && fraction <= 1)) throw new RangeError('the intensity is a fraction from 0 to 1')
    const bySize = Array.from(data.keys()).sort((a, b) => Math.abs(data[a]!) - Math.abs(data[b]!) || a - b)
    const pruned = data.slice()
    for (const index of bySize.slice(0, Math.round(fraction * data.length))) pruned[index] = 0
    return { shape, data: pruned }
  },
})
