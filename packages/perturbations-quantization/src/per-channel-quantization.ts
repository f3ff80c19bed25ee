import { definePerturbation, outputChannelsOf, tensor } from '@loadbearing/core'
import { roundToMultiple } from './rounding.ts'
import { levelsOnASide } from './symmetric.ts'

/**
 * Uniform symmetric quantization with a scale for each output channel c, to L levels a channel (L odd, so that 0 is one
 * of them):
 *
 *   h = (L − 1) / 2,  Δ_c = max|W_c| / h,  W_c′ = Δ_c · round(W_c / Δ_c)
 *
 * A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 255, 127, 63, 31, 15, 7 and 3 levels.
 *
 * Source: Krishnamoorthi 2018, section 2.2 (symmetric quantizer) and what it says of granularity (per channel: one
 * quantizer for each kernel); counted in levels instead of bits.
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
  intensities: [15, 11, 7, 5, 3],
  stochastic: false,
  apply({ shape, data }, levels, { layer }) {
    const half = levelsOnASide(levels)
    const channels = outputChannelsOf(layer)
    const largest = new Float64Array(channels.count)
    data.forEach((w, place) => {
      const channel = channels.of(place)
      largest[channel] = Math.max(largest[channel]!, Math.abs(w))
    })
    const steps = largest.map((magnitude) => magnitude / half)
    return tensor(
      shape,
      data.map((w, place) => roundToMultiple(w, steps[channels.of(place)]!)),
    )
  },
})
