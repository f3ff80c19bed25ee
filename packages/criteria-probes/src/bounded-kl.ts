import { bounded, defineCriterion, klDivergences } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of
 *
 *   1 − exp(−KL(p(·|x) ‖ p′(·|x)))
 *
 * p and p′ the network's class probabilities without and with layer l perturbed: the measurement of the ground truth itself,
 * on few examples of another split. No labels are needed. `sweep` says how the budget is spent and what the standard error covers.
 *
 * Source: the KL divergence as a layer's sensitivity is ZeroQ's (Cai et al. 2020). Theirs is of quantization on distilled data;
 * here it is of any perturbation, on real calibration images, and bounded, so that single examples can't carry the mean.
 */
export const boundedKl = defineCriterion({
  name: 'bounded-kl',
  version: 1,
  summary: 'Perturbs the layer and measures how far the predictions move, on a few images.',
  reference: {
    title: 'ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al. 2020)',
    url: 'https://arxiv.org/abs/2001.00281',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => sweep(context, options, (clean, moved) => klDivergences(clean, moved).map(bounded)),
})
