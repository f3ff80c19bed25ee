import { crossEntropies, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = mean over labelled calibration examples n and draws of the perturbation of L′_n − L_n, the cross-entropy of the true class
 * with and without layer l perturbed. A perturbation that helps scores below zero.
 *
 * Source: the change of the loss (equation 3, section 2.2, of an early version) that Molchanov et al. 2017 approximate by a Taylor
 * expansion (`gradient-activation`), here measured, for a layer and any perturbation. They want its absolute value; here it has its sign,
 * since less of a loss is no importance.
 */
export const lossDelta = defineCriterion({
  name: 'loss-delta',
  version: 1,
  summary: 'Perturbs the layer and averages what the loss rises by, on a few labelled images.',
  reference: {
    title: 'Pruning Convolutional Neural Networks for Resource Efficient Inference (Molchanov et al. 2017)',
    url: 'https://arxiv.org/abs/1611.06440',
  },
  needs: ['labels', 'logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) =>
    sweep(context, options, (clean, moved) => {
      const before = crossEntropies(clean, context.labels)
      return crossEntropies(moved, context.labels).map((loss, example) => loss - before[example]!)
    }),
})
