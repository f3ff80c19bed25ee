import { defineCriterion, drawUntilPrecise, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { traces } from './traces.ts'

/**
 * s(l) = Tr(H_ll) ≈ (1/m) Σ_i ⟨z_i, H z_i⟩_l, H the Hessian of the mean cross-entropy of the first N calibration examples with
 * respect to all weights, H_ll its block of a layer, z_i a vector of random signs over all weights, ⟨·,·⟩_l the inner product over
 * the layer's.
 *
 * It draws until it is precise, as core's `drawUntilPrecise` says. The standard error is that of the mean of the draws, which other
 * estimates from random signs share: their errors go together.
 *
 * Source: Hutchinson's estimator as HAWQ-V2 takes it (Dong et al. 2020; no equation number, as the paper could not be opened). Their
 * criterion is the mean eigenvalue, the trace over the number of weights (hutchinson-trace-mean), times the squared error of quantization
 * (hawq-v2): here it is the trace alone. They draw for one layer at a time; here one product serves all layers, which leaves the mean as
 * it is and adds to the spread of a layer what its block shares with others.
 */
export const hutchinsonTrace = defineCriterion({
  name: 'hutchinson-trace',
  version: 3,
  summary: "Estimates the trace of the loss's Hessian with respect to the weights, from products with random signs.",
  reference: {
    title: 'HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks (Dong et al. 2020)',
    url: 'https://arxiv.org/abs/1911.03852',
  },
  needs: ['hessian', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    ...precisionOptions(64),
  }),
  score({ layers, signs, hessianProduct }, { examples, ...precision }) {
    return drawUntilPrecise(layers, precision, traces({ signs, hessianProduct }, examples))
  },
})
