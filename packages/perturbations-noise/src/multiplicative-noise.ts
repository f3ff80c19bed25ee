import { definePerturbation, tensor } from '@loadbearing/core'
import { sigmaOf } from './sigma.ts'

/**
 * W′ = W · (1 + i · ε), ε ~ N(0, 1) independently for every weight: the noise is in proportion to the weight's own magnitude, and a
 * weight of 0 stays 0.
 *
 * Source: Merolla et al. 2016, for multiplicative noise on the weights of a trained network; its distribution and perturbing one
 * layer at a time are ours.
 */
export const multiplicativeNoise = definePerturbation({
  name: 'multiplicative-noise',
  family: 'noise',
  version: 1,
  summary: 'Adds zero-mean Gaussian noise to each weight, scaled by its own magnitude.',
  reference: {
    title:
      'Deep neural networks are robust to weight binarization and other non-linear distortions (Merolla et al. 2016)',
    url: 'https://arxiv.org/abs/1606.01981',
  },
  target: 'weights',
  unit: 'σ / |w|',
  intensities: [0.4, 0.8, 1.2, 1.6, 2.4],
  stochastic: true,
  apply({ shape, data }, intensity, { rng }) {
    const sigma = sigmaOf(intensity, 1)
    return tensor(
      shape,
      data.map((w) => w * (1 + sigma * rng.normal())),
    )
  },
})
