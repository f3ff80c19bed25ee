import { defineCriterion, drawPerturbation, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { empiricalFisher } from './empirical-fisher.ts'
import { squaredErrors } from './squared-errors.ts'

/**
 * s(l) = Tr(F_l) · (1/n_l) ‖W′ − W‖², Tr(F_l) = (1/N) Σ_n Σ_w (∂L_n/∂w)² the trace of the empirical Fisher information of the layer's
 * weights over the first N calibration examples, L_n the cross-entropy of example n's true class, n_l the number of weights, W′ the
 * layer's weights under the perturbation that is being predicted. It is the same as the mean Fisher information of a weight times the
 * squared error of the layer.
 *
 * Source: Zandonati et al. 2022: the trace times the mean square of the error of a weight, in the form that their code has (no
 * equation number, as the paper could not be opened). They take the error from a model of quantization, as the square of a step;
 * here it is the error itself, of any perturbation, drawn until the score is precise (core's `drawUntilPrecise`). They add the
 * same of quantized activations, which are no part of this. Their code squares the gradient of a batch and multiplies by its size,
 * which depends on the batch; here every example's own is squared, as the empirical Fisher information has it.
 */
export const fit = defineCriterion({
  name: 'fit',
  version: 1,
  summary: 'Multiplies the trace of the empirical Fisher information by the mean squared error of a weight.',
  reference: {
    title: 'FIT: A Metric for Model Sensitivity (Zandonati et al. 2022)',
    url: 'https://arxiv.org/abs/2210.08502',
  },
  needs: ['weights', 'gradients', 'labels', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(128).describe('calibration examples, at most'),
    ...precisionOptions(32),
  }),
  async score(context, { examples, ...precision }) {
    const { layers, once } = context
    const means = await once('mean Fisher information', async () => {
      const diagonals = await empiricalFisher(context, examples)
      return new Map([...diagonals].map(([name, its]) => [name, its.reduce((sum, f) => sum + f, 0) / its.length]))
    })
    const errorOf = squaredErrors(context)
    return drawPerturbation(context, precision, (draw) => {
      const errors = errorOf(draw)
      return new Map(layers.map(({ name }) => [name, means.get(name)! * errors.get(name)!]))
    })
  },
})
