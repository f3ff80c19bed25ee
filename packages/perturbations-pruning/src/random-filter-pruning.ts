import { definePerturbation } from '@loadbearing/core'
import { filtersOf, withoutChannels } from './channels.ts'
import { shareOf } from './share-of.ts'

/**
 * The filters of round(f · outputs) output channels, drawn without replacement, become 0. In a layer of few channels that may be
 * none. The bias stays: a pruned channel is constant, not absent.
 *
 * Source: Mittal et al. 2018, who find that networks recover from it when they are trained on; here they are not.
 */
export const randomFilterPruning = definePerturbation({
  name: 'random-filter-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Sets the weights of the given fraction of the output channels, drawn at random, to zero.',
  reference: {
    title:
      'Recovering from Random Pruning: On the Plasticity of Deep Convolutional Neural Networks (Mittal et al. 2018)',
    url: 'https://arxiv.org/abs/1801.10447',
  },
  target: 'weights',
  unit: 'fraction of the output channels',
  intensities: [0.2, 0.3, 0.5, 0.7, 0.85],
  stochastic: true,
  apply(weight, fraction, { rng, layer }) {
    const filters = filtersOf(layer)
    return withoutChannels(weight, filters, rng.shuffle(filters.keys()).slice(0, shareOf(fraction, filters.length)))
  },
})
