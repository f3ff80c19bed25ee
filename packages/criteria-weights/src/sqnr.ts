import {
  defineCriterion,
  drawPerturbation,
  meanOfDraws,
  precisionOptions,
  type Score,
  squaredDistance,
  type Unscored,
} from '@loadbearing/core'
import { z } from 'zod'

const decibels = 10 / Math.LN10

/** Noise that is a smaller share of the signal's power is less than rounding to 32 bits may make. */
const leastShare = 2 ** -48

/**
 * s(l) = 10 log₁₀(N / S) = −SQNR in decibels, S = Σ w² the power of the layer's weights and N = Σ (w′ − w)² that of
 * what the perturbation adds to them, a mean over draws.
 *
 * Source: Lin et al. 2016, who allot bits to layers by signal-to-quantization-noise ratios; here for any perturbation.
 * The sign is turned because a high ratio says that the layer is hardly disturbed: higher must mean more important.
 * Powers are averaged before the logarithm, as the ratio is one of expectations. A deterministic perturbation is drawn
 * once, any other until the score is precise (core's `drawUntilPrecise`). Noise in proportion to a layer's own weights has
 * much the same ratio in all layers: then no number of draws is enough, and the cap ends it.
 *
 * N / S counts as at least 2⁻⁴⁸ (−144.5 dB), so that a layer which the perturbation leaves as it was has a score, the
 * lowest; in a mean over a grid one such level outweighs the others. A layer of zeros that stays so has it, too; one
 * that does not has no ratio, and no score. The standard error is that of N,
 * carried through the logarithm to first order.
 */
export const sqnr = defineCriterion({
  name: 'sqnr',
  version: 2,
  summary: 'Compares the power of what the perturbation adds to the weights with their own, in decibels.',
  reference: {
    title: 'Fixed Point Quantization of Deep Convolutional Networks (Lin et al. 2016)',
    url: 'https://arxiv.org/abs/1511.06393',
  },
  needs: ['weights', 'perturbation'],
  options: z.object(precisionOptions(16)),
  score({ layers, weights, perturbation, perturbed }, precision) {
    const signals = new Map(layers.map((layer) => [layer.name, weights(layer).data.reduce((sum, w) => sum + w * w, 0)]))
    return drawPerturbation(
      { layers, perturbation },
      precision,
      (draw) => new Map(layers.map((layer) => [layer.name, squaredDistance(perturbed(layer, draw), weights(layer))])),
      (noises, { name }) => inDecibels(meanOfDraws(noises), signals.get(name)!),
    )
  },
})

function inDecibels({ value: noise, standardError }: Score, signal: number): Score | Unscored {
  if (signal === 0 && noise > 0) return { reason: 'its weights are all zero' }
  const value = decibels * Math.log(noise === 0 ? leastShare : Math.max(noise / signal, leastShare))
  if (standardError === undefined) return { value }
  return { value, standardError: noise === 0 ? 0 : (decibels * standardError) / noise }
}
