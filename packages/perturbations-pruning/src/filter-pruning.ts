import { definePerturbation } from '@loadbearing/core'
import { filtersOf, l1Norms, withoutChannels } from './channels.ts'
import { shareOf } from './share-of.ts'
import { smallest } from './smallest.ts'

/**
 * The filters of the round(f · outputs) output channels of least L1 norm become 0; among equal norms those that stand first. In a
 * layer of few channels that may be none. The bias stays: a pruned channel is constant, not absent.
 *
 * Source: Li et al. 2017, section 3.1; here the next layer keeps the weights that read a pruned channel, and nothing is retrained.
 */
export const filterPruning = definePerturbation({
  name: 'filter-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Sets the weights of the given fraction of the output channels, those of least L1 norm, to zero.',
  reference: {
    title: 'Pruning Filters for Efficient ConvNets (Li et al. 2017)',
    url: 'https://arxiv.org/abs/1608.08710',
  },
  target: 'weights',
  unit: 'fraction of the output channels',
  intensities: [0.2, 0.3, 0.5, 0.7, 0.85],
  stochastic: false,
  apply(weight, fraction, { layer }) {
    const filters = filtersOf(layer)
    return withoutChannels(weight, filters, smallest(l1Norms(weight, filters), shareOf(fraction, filters.length)))
  },
})
