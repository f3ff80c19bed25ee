import { defineCriterion, drawUntilPrecise, precisionOptions } from '@loadbearing/core'
import { z } from 'zod'
import { perWeight } from './per-weight.ts'
import { remembered } from './remembered.ts'
import { squaredErrors } from './squared-errors.ts'
import { traces } from './traces.ts'

/**
 * s(l) = Tr(H_ll) / n_l · ‖W′ − W‖², H_ll the layer's block of the Hessian of the mean cross-entropy of the first N calibration
 * examples, n_l the number of the layer's weights, W′ the layer's weights under the perturbation that is being predicted.
 *
 * The trace is estimated as in hutchinson-trace, by draws that all levels share. A draw of the score is the product of one of the
 * trace and one of the perturbation, which are independent, so that their mean tends to the product of means; it draws until the
 * score is precise (core's `drawUntilPrecise`).
 *
 * Source: Dong et al. 2020, whose sensitivity of a layer is its mean eigenvalue (lemma 1, as others cite it) times the squared error
 * of quantization (no equation number, as the paper could not be opened). Here the perturbation is any. The trace of a network that
 * is not at a minimum may be negative, and so may the score.
 */
export const hawqV2 = defineCriterion({
  name: 'hawq-v2',
  version: 2,
  summary: "Multiplies the mean eigenvalue of the loss's Hessian by the squared error of the weights.",
  reference: {
    title: 'HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks (Dong et al. 2020)',
    url: 'https://arxiv.org/abs/1911.03852',
  },
  needs: ['weights', 'hessian', 'labels', 'perturbation'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    ...precisionOptions(64),
  }),
  async score(context, { examples, ...precision }) {
    const { layers, once } = context
    const meanTraceOf = await once('mean traces', () => remembered(perWeight(layers, traces(context, examples))))
    const errorOf = squaredErrors(context)
    return drawUntilPrecise(layers, precision, async (draw) => {
      const [trace, error] = [await meanTraceOf(draw), errorOf(draw)]
      return new Map(layers.map(({ name }) => [name, trace.get(name)! * error.get(name)!]))
    })
  },
})
