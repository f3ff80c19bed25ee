import { definePerturbation, tensor } from '@loadbearing/core'
import { largestMagnitude, levelsOnASide } from './symmetric.ts'

/**
 * Each weight becomes the nearest of L levels: 0 and ±2ⁿ for the (L − 1) / 2 exponents n = n₁, n₁ − 1, …, so that a
 * multiplication is a shift of bits:
 *
 *   n₁ = ⌊log₂(4 · max|W| / 3)⌋
 *
 * which is the exponent of the power nearest to the largest weight. Half-way between two levels, the one farther from
 * zero is taken. In the source's count, 5, 4, 3 and 2 bits are 17, 9, 5 and 3 levels.
 *
 * Source: Zhou et al. 2017, section 2.1; they quantize part of the weights at a time and train the others on, which is
 * left out. Levels that lie between their bit widths are ours.
 */
export const powerOfTwoQuantization = definePerturbation({
  name: 'power-of-two-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights to signed powers of two, of which the largest few are kept, or to zero.',
  reference: {
    title: 'Incremental Network Quantization: Towards Lossless CNNs with Low-Precision Weights (Zhou et al. 2017)',
    url: 'https://arxiv.org/abs/1702.03044',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [17, 9, 7, 5, 3],
  stochastic: false,
  apply({ shape, data }, levels) {
    const exponents = levelsOnASide(levels)
    const top = nearestPower(largestMagnitude(data))
    let bottom = top
    for (let n = 1; n < exponents; n++) bottom /= 2
    return tensor(
      shape,
      data.map((w) => {
        const magnitude = Math.abs(w)
        if (magnitude < bottom / 2) return 0
        let power = top
        while (power > bottom && magnitude < 0.75 * power) power /= 2
        return Math.sign(w) * power
      }),
    )
  },
})

/**
 * The power of two nearest to a magnitude, the larger of two; found without a logarithm, whose last bit an engine may
 * choose.
 */
function nearestPower(magnitude: number): number {
  if (magnitude === 0) return 0
  let power = 1
  while (magnitude >= 1.5 * power) power *= 2
  while (magnitude < 0.75 * power) power /= 2
  return power
}
