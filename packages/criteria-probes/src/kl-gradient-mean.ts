import { defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { klGradients } from './kl-gradients.ts'
import { budget } from './sweep.ts'

/**
 * s(l) = 10⁶ / n_l · ⟨∂KL/∂W_l, W′_l − W_l⟩, n_l the number of the layer's weights: kl-gradient, per million weights.
 *
 * Source: Olive's selective mixed precision by the KL-divergence gradient, in the form of its code, after MLX LM's dynamic quantization; what
 * differs is said at kl-gradient. It is what they spend bits by: a layer's gain for what its bits cost.
 */
export const klGradientMean = defineCriterion({
  name: 'kl-gradient-mean',
  version: 1,
  summary: 'The slope of kl-gradient, for every million of the layer’s weights.',
  reference: {
    title: 'Olive: selective mixed precision (Microsoft 2025)',
    url: 'https://github.com/microsoft/Olive/blob/main/olive/passes/pytorch/selective_mixed_precision.py',
  },
  needs: ['weights', 'gradients', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => klGradients(context, options, ({ parameters }) => 1e6 / parameters),
})
