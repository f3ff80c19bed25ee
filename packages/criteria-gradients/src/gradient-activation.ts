import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanOverMaps } from './feature-maps.ts'

/**
 * s(l) = (1/N) Σ_n Σ_k |(1/M) Σ_ij a_nkij · ∂L_n/∂a_nkij|, over the first N calibration examples, a_nk feature map k of what the layer
 * makes (before any activation function), ij its M places, L_n the cross-entropy of example n's true class.
 *
 * Source: Molchanov et al. 2017, the Taylor criterion of a feature map (equation 8, section 2.2, of an early version): the
 * magnitude is of every example's own mean over places, and is averaged over examples. They divide it by the norm of all scores of
 * its layer, to compare maps across layers; for a layer's own score that would leave only how even its maps are, and is left out.
 * They rank maps; here they are summed over the layer. Right before a ReLU the product of activation and gradient is what it is
 * behind it.
 */
export const gradientActivation = defineCriterion({
  name: 'gradient-activation',
  version: 1,
  summary: 'Sums over feature maps the magnitudes of gradient times activation, each averaged over a map first.',
  reference: {
    title: 'Pruning Convolutional Neural Networks for Resource Efficient Inference (Molchanov et al. 2017)',
    url: 'https://arxiv.org/abs/1611.06440',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
  }),
  async score(context, { examples }) {
    const means = await meanOverMaps(context, examples, (contribution, places) => Math.abs(contribution) / places)
    return byLayer(context.layers, ({ name }) => means.get(name)!)
  },
})
