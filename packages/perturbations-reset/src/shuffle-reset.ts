import { definePerturbation, type Rng } from '@loadbearing/core'
import { interpolate } from './interpolation.ts'

/**
 * W′ = (1 − α) · W + α · S, where S holds the layer's own weights in a random order: at α = 1 the layer keeps the distribution of its
 * weights and nothing of what it has learned.
 *
 * Source: Zhang et al. 2019, who replace the weights of one layer by fresh random ones (re-randomization); the order of
 * the trained weights is what is random here, and the way towards it is ours.
 */
export const shuffleReset = definePerturbation({
  name: 'shuffle-reset',
  family: 'reset',
  version: 1,
  summary: 'Moves the weights towards the same weights in a random order.',
  reference: {
    title: 'Are All Layers Created Equal? (Zhang et al. 2019)',
    url: 'https://arxiv.org/abs/1902.01996',
  },
  target: 'weights',
  unit: 'share α of the way',
  intensities: [0.15, 0.3, 0.5, 0.65, 0.8, 1],
  stochastic: true,
  apply: (weight, alpha, { rng }) => interpolate(weight, shuffled(weight.data, rng), alpha),
})

/** As `rng.shuffle`, but in a typed array: ten times faster on a million weights. */
function shuffled(weights: Float32Array, rng: Rng): Float32Array {
  const order = weights.slice()
  for (let last = order.length - 1; last > 0; last--) {
    const other = rng.integer(last + 1)
    const moved = order[last]!
    order[last] = order[other]!
    order[other] = moved
  }
  return order
}
