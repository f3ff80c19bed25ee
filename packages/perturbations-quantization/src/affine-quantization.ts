import { definePerturbation, tensor } from '@loadbearing/core'
import { affineLevels, roundToLevel } from './affine.ts'

/**
 * Uniform affine quantization of the whole tensor to L levels over its range, widened so that it holds 0:
 *
 *   Δ = (max(W, 0) − min(W, 0)) / (L − 1),  z = round(−min(W, 0) / Δ),
 *   q = clamp(round(W / Δ) + z, 0, L − 1),  W′ = Δ · (q − z)
 *
 * Zero stays zero exactly. A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 256, 128, 64, 32, 16, 8
 * and 4 levels. At 2 levels, one bit, a weight is 0 or ±Δ (the sign of the longer side), and Δ is the whole range:
 * nearly all weights become 0.
 *
 * Source: Krishnamoorthi 2018, section 2.1 (uniform affine quantizer), with the zero point of Jacob et al. 2018,
 * section 3; the range is that of the weights, with no moving average, and it is counted in levels instead of bits.
 */
export const affineQuantization = definePerturbation({
  name: 'affine-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights to equally spaced levels between their extremes, zero among them.',
  reference: {
    title: 'Quantizing deep convolutional networks for efficient inference (Krishnamoorthi 2018)',
    url: 'https://arxiv.org/abs/1806.08342',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [11, 7, 5, 4, 3, 2],
  stochastic: false,
  apply({ shape, data }, levels) {
    const extremes = [data.reduce((a, b) => Math.min(a, b), 0), data.reduce((a, b) => Math.max(a, b), 0)] as const
    const grid = affineLevels(...extremes, levels)
    return tensor(
      shape,
      data.map((w) => roundToLevel(w, grid)),
    )
  },
})
