import { defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { expectedDrops } from './expected-drops.ts'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of
 *
 *   p(ŷ|x) − p(ŷ′|x)
 *
 * ŷ and ŷ′ the classes predicted without and with layer l perturbed, p the unperturbed network's probabilities: the accuracy that it
 * expects to lose, if it is right about how likely each class is. No labels are needed. Where the prediction stays, nothing is lost,
 * however far the probabilities move; where it changes between classes that were as likely, next to nothing. NaN or infinite logits
 * predict no class, of probability 0.
 *
 * Source: our own, a sweep as `bounded-kl` is. That a network's confidence tells its accuracy is Guillory et al.'s (2021), who take
 * the difference of its confidences on two sets of images; that of two networks says less here, as a perturbed one no longer knows when
 * it is wrong. Found on the zoo by what orders layers like the loss of accuracy at equal forwards (docs/probe-curves.md): bounded KL
 * levels off, as it counts what no prediction notices; the share of flips counts ties in full. With fewer than some ten forwards, in
 * which hardly a prediction changes, the KL divergence is ahead of both. On examples of small margin it does worse, not better.
 */
export const expectedDrop = defineCriterion({
  name: 'expected-drop',
  version: 1,
  summary: 'Perturbs the layer and sums how much less likely the new predictions were, on a few images.',
  reference: {
    title: 'Predicting with Confidence on Unseen Distributions (Guillory et al. 2021)',
    url: 'https://arxiv.org/abs/2107.03315',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => sweep(context, options, expectedDrops),
})
