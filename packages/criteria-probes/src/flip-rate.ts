import { defineCriterion, predictedClasses } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = share of calibration examples and draws of the perturbation whose predicted class is another one with layer l perturbed. A
 * NaN or infinite logit is no class, and counts as another.
 *
 * Source: Dutta et al. 2024, who count the answers of a compressed network that flip from right to wrong or back; here every change of
 * the prediction counts, from one wrong class to another as well, so that no labels are needed.
 */
export const flipRate = defineCriterion({
  name: 'flip-rate',
  version: 1,
  summary: 'Perturbs the layer and counts how often the predicted class changes, on a few images.',
  reference: { title: 'Accuracy is Not All You Need (Dutta et al. 2024)', url: 'https://arxiv.org/abs/2407.09141' },
  needs: ['logits', 'perturbation', 'perturbedForward'],
  options: z.object(budget),
  score: (context, options) =>
    sweep(context, options, (clean, moved) => {
      const before = predictedClasses(clean)
      return Float64Array.from(predictedClasses(moved), (predicted, example) => Number(predicted !== before[example]))
    }),
})
