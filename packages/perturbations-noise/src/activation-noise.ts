import { definePerturbation, tensor } from '@loadbearing/core'
import { sigmaOf } from './sigma.ts'

/**
 * a′ = a + ε, ε ~ N(0, (i · std)²) independently for every value of the layer's output and for every example; std is the standard
 * deviation of that output on calibration examples, all channels together. A layer whose output does not vary (std 0) stays as it
 * is.
 *
 * Source: Poole et al. 2014, for Gaussian noise on the activations of one layer; they train with it, here the network is trained
 * already, and the noise is scaled by the spread of what the layer makes.
 */
export const activationNoise = definePerturbation({
  name: 'activation-noise',
  family: 'noise',
  version: 1,
  summary: 'Adds zero-mean Gaussian noise to what the layer makes, scaled by its spread.',
  reference: {
    title: 'Analyzing noise in autoencoders and deep networks (Poole et al. 2014)',
    url: 'https://arxiv.org/abs/1406.1831',
  },
  target: 'activations',
  unit: 'σ / std(a)',
  intensities: [0.4, 0.8, 1.2, 1.6, 2.4],
  stochastic: true,
  apply({ shape, data }, intensity, { rng, std }) {
    const sigma = sigmaOf(intensity, std)
    // −0 + 0 is 0, another byte.
    if (sigma === 0) return tensor(shape, data.slice())
    return tensor(
      shape,
      data.map((a) => a + sigma * rng.normal()),
    )
  },
})
