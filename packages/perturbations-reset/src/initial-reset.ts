import { definePerturbation } from '@loadbearing/core'
import { interpolate } from './interpolation.ts'

/**
 * W′ = (1 − α) · W + α · W₀, where W₀ is the layer's weight as it was before training; needs the model's initial values.
 *
 * Source: Zhang et al. 2019, who reset the weights of one layer to their initial values (re-initialization); the way
 * towards them is that of Chatterji et al. 2020 (arXiv 1912.00528), section 2.
 */
export const initialReset = definePerturbation({
  name: 'initial-reset',
  family: 'reset',
  version: 1,
  summary: 'Moves the weights towards their values before training.',
  reference: {
    title: 'Are All Layers Created Equal? (Zhang et al. 2019)',
    url: 'https://arxiv.org/abs/1902.01996',
  },
  target: 'weights',
  unit: 'share α of the way',
  intensities: [0.3, 0.5, 0.75, 0.9, 1],
  stochastic: false,
  needsInitial: true,
  apply: (weight, alpha, { initial }) => interpolate(weight, initial!.data, alpha),
})
