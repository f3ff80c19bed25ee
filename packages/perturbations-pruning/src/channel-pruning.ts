import { definePerturbation } from '@loadbearing/core'
import { inputChannelsOf, l1Norms, withoutChannels } from './channels.ts'
import { shareOf } from './share-of.ts'
import { smallest } from './smallest.ts'

/**
 * The weights that read the round(f · inputs) input channels of least L1 norm become 0; among equal norms those that stand first. In
 * a layer of few channels that may be none.
 *
 * The channels are those of the layer's input. In a grouped convolution only the filters of a channel's group read it, although the
 * weight's input axis counts one group alone; in a depthwise one these are the channel's own filters, and where it has one
 * filter a channel, this is filter pruning.
 *
 * Source: He et al. 2017, section 4.1, where it is the baseline 'max response' (after Li et al. 2017); they choose by LASSO and
 * reconstruct the output, which is left out.
 */
export const channelPruning = definePerturbation({
  name: 'channel-pruning',
  family: 'pruning',
  version: 1,
  summary: 'Sets the weights that read the given fraction of the input channels, those of least L1 norm, to zero.',
  reference: {
    title: 'Channel Pruning for Accelerating Very Deep Neural Networks (He et al. 2017)',
    url: 'https://arxiv.org/abs/1707.06168',
  },
  target: 'weights',
  unit: 'fraction of the input channels',
  intensities: [0.2, 0.3, 0.5, 0.7, 0.85],
  stochastic: false,
  apply(weight, fraction, { layer }) {
    const channels = inputChannelsOf(layer)
    return withoutChannels(weight, channels, smallest(l1Norms(weight, channels), shareOf(fraction, channels.length)))
  },
})
