import { defineCriterion, klDivergences } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over random inputs x and draws of the perturbation of KL(p(·|x) ‖ p′(·|x)), in nats, p and p′ the network's class
 * probabilities without and with layer l perturbed; x independent standard normals in the shape of a preprocessed example. It takes no
 * data at all.
 *
 * Source: the sensitivity of ZeroQ (Cai et al. 2020; no equation number, as the paper could not be opened), on the random data
 * that they start from and compare with. Their own sensitivity is on data that are distilled until the statistics in front of
 * every batch normalisation are those of training; most exported graphs have their normalisations folded into convolutions and no
 * longer hold these, so that distilled data are not offered here. Their code scales its random data by the variance in place of
 * the standard deviation, which makes images that are nearly constant; here the variance is 1, as it says.
 */
export const zeroqRandom = defineCriterion({
  name: 'zeroq-random',
  version: 1,
  summary: 'Perturbs the layer and averages the KL divergence of the predictions, on random inputs.',
  reference: {
    title: 'ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al. 2020)',
    url: 'https://arxiv.org/abs/2001.00281',
  },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) => sweep(context, options, klDivergences, (count) => ({ noise: count })),
})
