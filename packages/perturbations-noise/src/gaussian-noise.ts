import { definePerturbation, tensor } from '@loadbearing/core'
import { sigmaOf } from './sigma.ts'
import { standardDeviation } from './standard-deviation.ts'

/**
 * W′ = W + ε, ε ~ N(0, (i · std(W))²) independently for every weight; std is the population standard deviation of the layer's
 * weights. A layer of equal weights (std 0) stays as it is.
 *
 * Source: Yvinec et al. 2023, for perturbing the weights of one layer at a time; this noise, its scale relative to the layer and
 * its grid are ours.
 */
export const gaussianNoise = definePerturbation({
  name: 'gaussian-noise',
  family: 'noise',
  version: 1,
  summary: 'Adds zero-mean Gaussian noise, scaled by the spread of the weights.',
  reference: {
    title:
      'SAfER: Layer-Level Sensitivity Assessment for Efficient and Robust Neural Network Inference (Yvinec et al. 2023)',
    url: 'https://arxiv.org/abs/2308.04753',
  },
  target: 'weights',
  unit: 'σ / std(W)',
  intensities: [0.4, 0.8, 1.2, 1.6, 2.4],
  stochastic: true,
  apply({ shape, data }, intensity, { rng }) {
    const sigma = sigmaOf(intensity, standardDeviation(data))
    // −0 + 0 is 0, another byte.
    if (sigma === 0) return tensor(shape, data.slice())
    return tensor(
      shape,
      data.map((w) => w + sigma * rng.normal()),
    )
  },
})
