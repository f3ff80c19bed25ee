import { defineCriterion, drawPerturbation, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { empiricalFisher } from './empirical-fisher.ts'
import { weightedError } from './weighted-error.ts'

/**
 * s(l) = Σ_w F_w (w′ − w)², F_w = (1/N) Σ_n (∂L_n/∂w)² the empirical Fisher information of a weight over the first N calibration
 * examples, L_n the cross-entropy of example n's true class, w′ the weight under the perturbation that is being predicted.
 *
 * Source: Kim et al. 2023, who choose the values of quantized weights by this sum (equation 6, section 4.1). It is fit weight by weight:
 * the two agree where the error does not go by the Fisher information. It is also twice obd-error with the Hessian taken for the empirical
 * Fisher information, which is never negative. Here the perturbation is any; it is drawn until the score is precise (core's
 * `drawUntilPrecise`).
 */
export const fisherError = defineCriterion({
  name: 'fisher-error',
  version: 1,
  summary: "Sums the squared errors of the weights, each times the weight's empirical Fisher information.",
  reference: {
    title: 'SqueezeLLM: Dense-and-Sparse Quantization (Kim et al. 2023)',
    url: 'https://arxiv.org/abs/2306.07629',
  },
  needs: ['weights', 'gradients', 'labels', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
    ...precisionOptions(32),
  }),
  async score(context, { examples, ...precision }) {
    const { layers, weights, perturbed, once } = context
    const fisher = await once('Fisher information', () => empiricalFisher(context, examples))
    return drawPerturbation(
      context,
      precision,
      (draw) =>
        new Map(
          layers.map((layer) => [
            layer.name,
            weightedError(fisher.get(layer.name)!, perturbed(layer, draw), weights(layer)),
          ]),
        ),
    )
  },
})
