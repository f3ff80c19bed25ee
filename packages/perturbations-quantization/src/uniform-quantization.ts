import { definePerturbation, tensor } from '@loadbearing/core'
import { largestMagnitude, roundToSymmetric, symmetricLevels } from './symmetric.ts'

/**
 * Uniform symmetric quantization of the whole tensor to L levels, of which 0 is one, round to nearest:
 *
 *   Δ = 2 · max|W| / (L − 1),  W′ = Δ · clamp(round(W / Δ), −⌊L / 2⌋, ⌈L / 2⌉ − 1)
 *
 * A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 256, 128, 64, 32, 16, 8 and 4 levels with all words
 * of two's complement in use, which has one more below zero than above; 255, 127, 63, 31, 15, 7 and 3 without the
 * lowest (int8 without its −128).
 *
 * Source: Krishnamoorthi 2018, section 2.2 (uniform symmetric quantizer, per tensor); Δ is that of PyTorch's
 * MinMaxObserver. Counted in levels instead of bits, so that the grid can be fine where networks break.
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
  intensities: [15, 7, 5, 4, 3],
  stochastic: false,
  apply({ shape, data }, levels) {
    const grid = symmetricLevels(largestMagnitude(data), levels)
    return tensor(
      shape,
      data.map((w) => roundToSymmetric(w, grid)),
    )
  },
})
