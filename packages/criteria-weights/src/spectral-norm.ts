import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { singularValues } from './singular-values.ts'

/**
 * s(l) = ‖W‖₂ = σ₁, the largest singular value of the layer's weight as a matrix: a row an output channel, a column an
 * input channel and place of the kernel. A grouped convolution's matrix is block-diagonal, and its norm the largest of
 * its groups'.
 *
 * Source: Miyato et al. 2018, who normalize by it and lay a convolution out as that matrix; they estimate it by power
 * iteration, here it is exact. It bounds what a dense layer does to the length of its input; what a convolution does
 * depends on the overlap of its windows as well. A single filter has its Euclidean norm, a layer of zeros 0.
 */
export const spectralNorm = defineCriterion({
  name: 'spectral-norm',
  version: 1,
  summary: 'Takes the largest singular value of the weights as a matrix.',
  reference: {
    title: 'Spectral Normalization for Generative Adversarial Networks (Miyato et al. 2018)',
    url: 'https://arxiv.org/abs/1802.05957',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) => byLayer(layers, (layer) => singularValues(layer, weights(layer))[0]!),
})
