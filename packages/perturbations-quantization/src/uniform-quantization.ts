import { definePerturbation, tensor } from '@loadbearing/core'
import { roundToMultiple } from './rounding.ts'
import { largestMagnitude, levelsOnASide } from './symmetric.ts'

/**
 * Uniform symmetric quantization of the whole tensor to L levels (L odd, so that 0 is one of them), round to nearest:
 *
 *   h = (L − 1) / 2,  Δ = max|W| / h,  W′ = Δ · round(W / Δ)
 *
 * A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 255, 127, 63, 31, 15, 7 and 3 levels: two's
 * complement without its lowest word (int8 without its −128).
 *
 * Source: Krishnamoorthi 2018, section 2.2 (uniform symmetric quantizer, per tensor); counted in levels instead of
 * bits, so that the grid can be fine where networks break.
 */
export const uniformQuantization = definePerturbation({
  name: 'uniform-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights to equally spaced levels, symmetric about zero, one scale for the tensor.',
  reference: {
    title: 'Quantizing deep convolutional networks for efficient inference (Krishnamoorthi 2018)',
    url: 'https://arxiv.org/abs/1806.08342',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [15, 11, 7, 5, 3],
  stochastic: false,
  apply({ shape, data }, levels) {
    const step = largestMagnitude(data) / levelsOnASide(levels)
    return tensor(
      shape,
      data.map((w) => roundToMultiple(w, step)),
    )
  },
})
