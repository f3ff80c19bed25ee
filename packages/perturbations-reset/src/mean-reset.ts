import { definePerturbation } from '@loadbearing/core'
import { interpolate } from './interpolation.ts'

/**
 * W′ = (1 − α) · W + α · mean(W), the mean rounded to float32: at α = 1 all weights of the layer are equal.
 *
 * Source: Zhang et al. 2019, for resetting one layer of a trained network; they reset to initial or to random weights,
 * the mean is ours.
 */
export const meanReset = definePerturbation({
  name: 'mean-reset',
  family: 'reset',
  version: 1,
  summary: "Moves the weights towards the mean of the layer's weights.",
  reference: {
    title: 'Are All Layers Created Equal? (Zhang et al. 2019)',
    url: 'https://arxiv.org/abs/1902.01996',
  },
  target: 'weights',
  unit: 'share α of the way',
  intensities: [0.15, 0.3, 0.5, 0.65, 0.8, 1],
  stochastic: false,
  apply(weight, alpha) {
    const mean = weight.data.reduce((sum, w) => sum + w, 0) / weight.data.length
    return interpolate(weight, new Float32Array(weight.data.length).fill(mean), alpha)
  },
})
