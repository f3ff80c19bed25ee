import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanInfluences } from './mean-influences.ts'
import { sumOfMagnitudes } from './sum-of-magnitudes.ts'

/**
 * s(l) = (1/N) Σ_n Σ_j |∫₀¹ ∂z_n/∂y_nj (α x_n) dα|, along the straight path from an input of zeros to example n, over the first N
 * calibration examples, y_nj unit j of what the layer makes (before any activation function), z_n the logit of example n's true
 * class.
 *
 * Source: Leino et al. 2018, internal influence (no equation number, as the paper could not be opened), the mean over a
 * distribution of interest of the gradient with respect to a unit; that distribution is the path, as in Captum's
 * InternalInfluence. Unlike conductance it does not weigh a unit by how far it moves. They rank units; that magnitudes are summed
 * over the layer is ours, and that they are taken example by example. The integral is taken by the midpoint rule: `steps` passes
 * of every example, for all layers at once.
 */
export const internalInfluence = defineCriterion({
  name: 'internal-influence',
  version: 1,
  summary: "Averages the true logit's gradient between zeros and the example, and sums the magnitudes over units.",
  reference: {
    title: 'Influence-Directed Explanations for Deep Convolutional Networks (Leino et al. 2018)',
    url: 'https://arxiv.org/abs/1802.03788',
  },
  needs: ['gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    steps: z.int().min(1).default(16).describe('points of the integral'),
  }),
  async score({ layers, activationGradients }, options) {
    const means = await meanInfluences({ activationGradients }, options)
    return byLayer(layers, ({ name }) => {
      const { influences, examples } = means.get(name)!
      return sumOfMagnitudes(influences) / examples
    })
  },
})
