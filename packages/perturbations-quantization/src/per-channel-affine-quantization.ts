import { definePerturbation, outputChannelsOf, tensor } from '@loadbearing/core'
import { affineLevels, roundToLevel } from './affine.ts'

/**
 * Uniform affine quantization with a scale and a zero point for each output channel c, to L levels over the channel's
 * range, widened so that it holds 0:
 *
 *   Δ_c = (max(W_c, 0) − min(W_c, 0)) / (L − 1),  z_c = round(−min(W_c, 0) / Δ_c),
 *   q = clamp(round(W_c / Δ_c) + z_c, 0, L − 1),  W_c′ = Δ_c · (q − z_c)
 *
 * Zero stays zero exactly. A half is rounded away from zero. 8, 7, 6, 5, 4, 3 and 2 bits are 256, 128, 64, 32, 16, 8
 * and 4 levels.
 *
 * Source: Krishnamoorthi 2018, section 2.1 (uniform affine quantizer) and what it says of granularity (per channel: one
 * quantizer for each kernel); counted in levels instead of bits.
 */
export const perChannelAffineQuantization = definePerturbation({
  name: 'per-channel-affine-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights of each output channel to equally spaced levels between its extremes, zero among them.',
  reference: {
    title: 'Quantizing deep convolutional networks for efficient inference (Krishnamoorthi 2018)',
    url: 'https://arxiv.org/abs/1806.08342',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [7, 5, 4, 3, 2],
  stochastic: false,
  apply({ shape, data }, levels, { layer }) {
    const channels = outputChannelsOf(layer)
    const lows = new Float64Array(channels.count)
    const highs = new Float64Array(channels.count)
    data.forEach((w, place) => {
      const channel = channels.of(place)
      lows[channel] = Math.min(lows[channel]!, w)
      highs[channel] = Math.max(highs[channel]!, w)
    })
    const grids = Array.from(lows, (low, channel) => affineLevels(low, highs[channel]!, levels))
    return tensor(
      shape,
      data.map((w, place) => roundToLevel(w, grids[channels.of(place)]!)),
    )
  },
})
