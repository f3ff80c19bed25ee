import { definePerturbation, tensor } from '@loadbearing/core'
import { affineLevels, roundToLevel } from './affine.ts'

/**
 * Uniform affine quantization of what the layer makes, to L levels over the range [low, high] that calibration found,
 * widened so that it holds 0:
 *
 *   Δ = (high − low) / (L − 1),  z = round(−low / Δ),  q = clamp(round(a / Δ) + z, 0, L − 1),  a′ = Δ · (q − z)
 *
 * Values outside the range are clipped to it, as in static quantization. Zero stays zero exactly. A half is rounded
 * away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 256, 128, 64, 32, 16, 8 and 4 levels.
 *
 * Source: Jacob et al. 2018, sections 2.1 and 3; they take the range from a moving average during training, here it is
 * that of the calibration examples, and the output is quantized before the activation function, which they fuse with
 * the layer.
 */
export const activationQuantization = definePerturbation({
  name: 'activation-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds what the layer makes to equally spaced levels over its calibrated range, zero among them.',
  reference: {
    title:
      'Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference (Jacob et al. 2018)',
    url: 'https://arxiv.org/abs/1712.05877',
  },
  target: 'activations',
  unit: 'levels',
  intensities: [11, 7, 5, 4, 3],
  stochastic: false,
  apply({ shape, data }, levels, { range }) {
    const grid = affineLevels(range.low, range.high, levels)
    return tensor(
      shape,
      data.map((a) => roundToLevel(a, grid)),
    )
  },
})
