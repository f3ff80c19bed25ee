import { definePerturbation, outputChannelsOf, tensor } from '@loadbearing/core'
import { roundToSymmetric, symmetricLevels } from './symmetric.ts'

/**
 * Uniform symmetric quantization with a scale for each output channel c, to L levels a channel, of which 0 is one:
 *
 *   Δ_c = 2 · max|W_c| / (L − 1),  W_c′ = Δ_c · clamp(round(W_c / Δ_c), −⌊L / 2⌋, ⌈L / 2⌉ − 1)
 *
 * A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 256, 128, 64, 32, 16, 8 and 4 levels with all words
 * of two's complement in use, one fewer without the lowest. Above 7 levels hardly a network loses anything, and at 3,
 * the fewest, many lose little: no grid has more than two or three live levels.
 *
 * Source: Krishnamoorthi 2018, section 2.2 (symmetric quantizer) and what it says of granularity (per channel: one
 * quantizer for each kernel); Δ is that of PyTorch's PerChannelMinMaxObserver. Counted in levels instead of bits.
 */
export const perChannelQuantization = definePerturbation({
  name: 'per-channel-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights to equally spaced levels, symmetric about zero, a scale for each output channel.',
  reference: {
    title: 'Quantizing deep convolutional networks for efficient inference (Krishnamoorthi 2018)',
    url: 'https://arxiv.org/abs/1806.08342',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [7, 6, 5, 4, 3],
  stochastic: false,
  apply({ shape, data }, levels, { layer }) {
    const channels = outputChannelsOf(layer)
    const largest = new Float64Array(channels.count)
    data.forEach((w, place) => {
      const channel = channels.of(place)
      largest[channel] = Math.max(largest[channel]!, Math.abs(w))
    })
    const grids = Array.from(largest, (magnitude) => symmetricLevels(magnitude, levels))
    return tensor(
      shape,
      data.map((w, place) => roundToSymmetric(w, grids[channels.of(place)]!)),
    )
  },
})
