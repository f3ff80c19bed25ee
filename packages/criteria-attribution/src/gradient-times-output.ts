import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { gradientsAtOutputs, outputsOf } from './outputs.ts'

/**
 * s(l) = (1/N) Σ_n Σ_j |y_nj · ∂z_n/∂y_nj|, over the first N calibration examples, y_nj unit j of what the layer makes (before any
 * activation function), z_n the logit of example n's true class.
 *
 * Source: gradient times input, as Ancona et al. 2018 have it, at a layer instead of the input; that magnitudes are summed over the
 * layer is ours. In a network of linear layers, sums, ReLU and maxima it is layer-wise relevance propagation with its plain rule
 * (Bach et al. 2015: relevance in proportion to what each input adds, the bias keeping its share, ε = 0): each ReLU hands on as
 * much as it gets, so that the relevance of a unit is its value times its gradient. That is not so of other activation functions.
 *
 * `gradient-activation` is of the loss, and takes the mean of a feature map before the magnitude.
 */
export const gradientTimesOutput = defineCriterion({
  name: 'gradient-times-output',
  version: 1,
  summary: "Sums the magnitudes of what a unit makes times the true logit's gradient: relevance, where units are ReLU.",
  reference: {
    title:
      'Towards better understanding of gradient-based attribution methods for Deep Neural Networks (Ancona et al. 2018)',
    url: 'https://arxiv.org/abs/1711.06104',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations, activationGradients }, { examples }) {
    const made = await outputsOf({ activations }, { examples })
    const gradients = await gradientsAtOutputs({ activationGradients }, { objective: 'true-logit', examples })
    return byLayer(layers, ({ name }) => {
      const [{ shape, data }, gradient] = [made.get(name)!, gradients.get(name)!.data]
      return data.reduce((sum, value, i) => sum + Math.abs(value * gradient[i]!), 0) / shape[0]!
    })
  },
})
