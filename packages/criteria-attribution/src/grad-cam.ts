import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { classActivationMaps } from './class-activation-maps.ts'

/**
 * s(l) = (1/N) Σ_n Σ_p ReLU(Σ_k a_nk y_nkp), over the first N calibration examples, y_nkp feature map k of what the layer makes (before
 * any activation function) at place p, a_nk = (1/P) Σ_p ∂z_n/∂y_nkp the mean over its P places of the gradient of z_n, the logit of
 * example n's true class.
 *
 * Source: Selvaraju et al. 2017, Grad-CAM (equations 1 and 2, as others cite it). They show the map of one layer, the last with
 * feature maps, to a person; that a layer's score is its sum is ours (the mean is `grad-cam-mean`). A dense layer makes maps of one
 * place, and one that works on tokens has those for places: beyond the paper, the formula as it is.
 */
export const gradCam = defineCriterion({
  name: 'grad-cam',
  version: 1,
  summary: 'Weighs feature maps by their mean gradient of the true logit, and sums what is positive over places.',
  reference: {
    title: 'Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization (Selvaraju et al. 2017)',
    url: 'https://arxiv.org/abs/1610.02391',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, ...context }, { examples }) {
    const maps = await classActivationMaps(layers, context, examples)
    return byLayer(layers, ({ name }) => maps.get(name)!.total / maps.get(name)!.examples)
  },
})
