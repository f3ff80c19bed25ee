import { defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { klGradients } from './kl-gradients.ts'
import { budget } from './sweep.ts'

/**
 * s(l) = ⟨∂KL/∂W_l, W′_l − W_l⟩, KL the mean over calibration examples x of KL(p(·|x) ‖ p′(·|x)), in nats, p the network's class
 * probabilities and p′ those with all layers perturbed at once, its gradient taken there; W′ the perturbed weights, W the network's own. To
 * first order it is what the divergence falls by when this layer alone gets its own weights back.
 *
 * Source: the sensitivities of dynamic quantization in MLX LM, which Olive has as its KL-divergence gradient, in the form of their code.
 * They compare two precisions, and take W′ at the lower and W at the higher one; here W′ has any perturbation and W none. They divide by the
 * number of weights, as bits are what a weight costs: that is kl-gradient-mean; of a layer's loss it is the sum.
 *
 * One pass forward of both networks and one backward serve all layers. It counts as four forwards, as many as a layer's `forwards` times
 * the layers pay for: a probe that costs what the others do.
 */
export const klGradient = defineCriterion({
  name: 'kl-gradient',
  version: 1,
  summary:
    'Perturbs all layers at once and takes the slope of the KL divergence on the way back to the layer’s own weights.',
  reference: {
    title: 'MLX LM: learned quantization, dynamic (Apple 2025)',
    url: 'https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/quant/dynamic_quant.py',
  },
  needs: ['weights', 'gradients', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => klGradients(context, options),
})
