import { defineCriterion, predictedClasses } from '@loadbearing/core'
import { z } from 'zod'
import { budget, sweep } from './sweep.ts'

/**
 * s(l) = accuracy − accuracy′ on the first labelled calibration examples, without and with layer l perturbed once: the ground
 * truth's own measurement, on few images of another split and a single sample of the perturbation. A NaN or infinite logit is wrong.
 *
 * Source: the layer-wise analysis of Gluska and Grobman 2020, who quantize one layer at a time and measure the degradation; here
 * of any perturbation, with one sample of a cell. "Single sample" has no fixed meaning: here it is one draw, which leaves all
 * forwards to different examples; `draws` takes more. As there is no second draw to compare with, it claims a standard error for
 * deterministic perturbations alone.
 */
export const singleSampleSweep = defineCriterion({
  name: 'single-sample-sweep',
  version: 1,
  summary: 'Perturbs the layer once and measures the accuracy that is lost, on a few labelled images.',
  reference: {
    title: 'Exploring Neural Networks Quantization via Layer-Wise Quantization Analysis (Gluska & Grobman 2020)',
    url: 'https://arxiv.org/abs/2012.08420',
  },
  needs: ['labels', 'logits', 'perturbation', 'perturbedForward'],
  options: z.object({ ...budget, draws: budget.draws.default(1) }),
  score: (context, options) =>
    sweep(context, options, (clean, moved) => {
      const [before, after] = [predictedClasses(clean), predictedClasses(moved)]
      return Float64Array.from(after, (predicted, example) => {
        const label = context.labels[example]
        return Number(before[example] === label) - Number(predicted === label)
      })
    }),
})
