import { definePerturbation } from '@loadbearing/core'
import { interpolate } from './interpolation.ts'

/**
 * W′ = (1 − α) · W: at α = 1 nothing is left of the layer but its bias and what goes round it.
 *
 * Source: Veit et al. 2016, section 4.1, who delete one layer of a residual network at test time; the way towards it is ours.
 */
export const zeroReset = definePerturbation({
  name: 'zero-reset',
  family: 'reset',
  version: 1,
  summary: 'Moves the weights towards zero.',
  reference: {
    title: 'Residual Networks Behave Like Ensembles of Relatively Shallow Networks (Veit et al. 2016)',
    url: 'https://arxiv.org/abs/1605.06431',
  },
  target: 'weights',
  unit: 'share α of the way',
  intensities: [0.15, 0.3, 0.5, 0.65, 0.8, 1],
  stochastic: false,
  apply: (weight, alpha) => interpolate(weight, new Float32Array(weight.data.length), alpha),
})
