import { definePerturbation, tensor } from '@loadbearing/core'
import { sigmaOf } from './sigma.ts'
import { standardDeviation } from './standard-deviation.ts'

/**
 * W′ = W + ε, ε ~ U[−√3 · σ, √3 · σ) with σ = i · std(W), independently for every weight: the standard deviation of ε is σ. std
 * is the population standard deviation of the layer's weights. A layer of equal weights (std 0) stays as it is.
 *
 * Source: Baskin et al. 2018, who add uniform noise in training to imitate the error of a quantizer; here the weights are trained
 * already, and the noise is scaled by their spread instead of by the width of a quantizer's bins.
 */
export const uniformNoise = definePerturbation({
  name: 'uniform-noise',
  family: 'noise',
  version: 1,
  summary: 'Adds zero-mean uniform noise, scaled by the spread of the weights.',
  reference: {
    title: 'UNIQ: Uniform Noise Injection for Non-Uniform Quantization of Neural Networks (Baskin et al. 2018)',
    url: 'https://arxiv.org/abs/1804.10969',
  },
  target: 'weights',
  unit: 'σ / std(W)',
  intensities: [0.4, 0.8, 1.2, 1.6, 2.4],
  stochastic: true,
  apply({ shape, data }, intensity, { rng }) {
    const sigma = sigmaOf(intensity, standardDeviation(data))
    // −0 + 0 is 0, another byte.
    if (sigma === 0) return tensor(shape, data.slice())
    const halfWidth = Math.sqrt(3) * sigma
    return tensor(
      shape,
      data.map((w) => w + halfWidth * (2 * rng.uniform() - 1)),
    )
  },
})
