import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { meanOverMaps } from './feature-maps.ts'

/**
 * s(l) = (1/2N) Σ_n Σ_k (Σ_ij a_nkij · ∂L_n/∂a_nkij)², over the first N calibration examples, a_nk feature map k of what the layer
 * makes (before any activation function), ij its places, L_n the cross-entropy of example n's true class.
 *
 * Source: Theis et al. 2018, the second-order estimate of what the loss rises by without a feature map, the Hessian taken for the
 * empirical Fisher information of a mask on the map (equations 7 and 9, section 2.1, as others cite it). They prune map by map;
 * here the maps are summed over the layer. Right before a ReLU the product of activation and gradient is what it is behind it:
 * both are zero where ReLU is.
 */
export const fisherPruning = defineCriterion({
  name: 'fisher-pruning',
  version: 1,
  summary: 'Sums over feature maps the squares of gradient times activation, each added up over a map first.',
  reference: {
    title: 'Faster gaze prediction with dense networks and Fisher pruning (Theis et al. 2018)',
    url: 'https://arxiv.org/abs/1801.05787',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
  }),
  async score(context, { examples }) {
    const means = await meanOverMaps(context, examples, (contribution) => contribution ** 2 / 2)
    return byLayer(context.layers, ({ name }) => means.get(name)!)
  },
})
