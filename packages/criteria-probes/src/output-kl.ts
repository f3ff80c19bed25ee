import { defineCriterion, klDivergences } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over calibration examples x and draws of the perturbation of KL(p(·|x) ‖ p′(·|x)), in nats, p and p′ the network's
 * class probabilities without and with layer l perturbed.
 *
 * Source: the sensitivity of ZeroQ (Cai et al. 2020; no equation number, as the paper could not be opened), on real calibration
 * images in place of distilled ones (`zeroq-random` takes none). Without a bound, an example that the perturbed network gets wrong
 * with confidence outweighs many that it doubts: `bounded-kl` is the same with one.
 */
export const outputKl = defineCriterion({
  name: 'output-kl',
  version: 1,
  summary: 'Perturbs the layer and averages the KL divergence of the predictions, on a few images.',
  reference: {
    title: 'ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al. 2020)',
    url: 'https://arxiv.org/abs/2001.00281',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => sweep(context, options, klDivergences),
})
