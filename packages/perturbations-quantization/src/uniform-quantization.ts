import { definePerturbation, tensor } from '@loadbearing/core'

/**
 * Uniform symmetric quantization of the whole tensor to L levels (L odd, so that 0 is one of them), round to nearest:
 *
 *   h = (L − 1) / 2,  Δ = max|W| / h,  W′ = Δ · round(W / Δ)
 *
 * A half is rounded away from zero. L = 255 is int8 without its −128.
 *
 * Source: Krishnamoorthi 2018, section 2.2 (uniform symmetric quantizer, per tensor); counted in levels instead of bits, so
 * that the grid can be fine where networks break.
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
    if (!(Number.isInteger(levels) && levels >= 3 && levels % 2 === 1)) {
      throw new RangeError('the intensity is an odd number of levels, at least 3')
    }
    const largest = data.reduce((max, w) => Math.max(max, Math.abs(w)), 0)
    const step = largest / ((levels - 1) / 2)
    if (step === 0) return tensor(shape, data.slice())
    return tensor(
      shape,
      data.map((w) => Math.sign(w) * Math.floor(Math.abs(w) / step + 0.5) * step),
    )
  },
})
