import { definePerturbation, outputChannelsOf, tensor } from '@loadbearing/core'
import { checkedCount, distinct } from './chance.ts'

/**
 * All weights of n output channels, drawn at random, become 0; at most all channels but one, since a layer without any
 * is what zero-reset measures. The bias stays.
 *
 * Source: Morcos et al. 2018, who clamp randomly chosen feature maps to zero, more and more of them; here the channel's
 * weights are zero, so that it makes its bias.
 */
export const deadChannel = definePerturbation({
  name: 'dead-channel',
  family: 'faults',
  version: 1,
  summary: 'Sets the weights of n output channels, drawn at random, to zero.',
  reference: {
    title: 'On the importance of single directions for generalization (Morcos et al. 2018)',
    url: 'https://arxiv.org/abs/1803.06959',
  },
  target: 'weights',
  unit: 'channels',
  intensities: [1, 2, 4, 8, 16],
  stochastic: true,
  apply({ shape, data }, dead, { rng, layer }) {
    const channels = outputChannelsOf(layer)
    const chosen = distinct(checkedCount(dead, channels.count - 1), channels.count, rng)
    return tensor(
      shape,
      data.map((w, place) => (chosen.has(channels.of(place)) ? 0 : w)),
    )
  },
})
