import { definePerturbation, tensor } from '@loadbearing/core'
import { leastSquaresHalfStep } from './least-squares.ts'

/**
 * Uniform symmetric quantization to L levels whose scale makes the squared error least, round to nearest:
 *
 *   levels −(L − 1)δ, −(L − 3)δ, …, (L − 3)δ, (L − 1)δ;  δ = argmin ‖W − W′‖²
 *
 * Odd L have a level 0, even ones do not. Weights beyond the last level are clipped to it. Half-way between two levels,
 * the one farther from zero is taken; 0 becomes δ where it is no level. The minimum is exact. 4, 3 and 2 bits are 16, 8
 * and 4 levels with all words in use, 15, 7 and 3 with a 0; one bit is 2.
 *
 * Source: at 3 levels, the problem of Ternary Weight Networks (Li et al. 2016), solved exactly instead of by their
 * threshold of 0.7 · mean|W|; at 2, sign(W) · mean|W| of XNOR-Net (Rastegari et al. 2016, section 3.1) with one scale
 * for the tensor. Both train with it, which is left out.
 */
export const optimalQuantization = definePerturbation({
  name: 'optimal-quantization',
  family: 'quantization',
  version: 1,
  summary: 'Rounds the weights to equally spaced levels, symmetric about zero, at the scale of least squared error.',
  reference: {
    title: 'Ternary Weight Networks (Li et al. 2016)',
    url: 'https://arxiv.org/abs/1605.04711',
  },
  target: 'weights',
  unit: 'levels',
  intensities: [7, 5, 4, 3, 2],
  stochastic: false,
  apply({ shape, data }, levels) {
    if (!(Number.isInteger(levels) && levels >= 2)) {
      throw new RangeError('the intensity is a number of levels, at least 2')
    }
    const halfStep = leastSquaresHalfStep(data, levels)
    if (halfStep === 0) return tensor(shape, data.slice())
    const lowest = (levels - 1) % 2
    return tensor(
      shape,
      data.map((w) => {
        const q = 2 * Math.floor((Math.abs(w) / halfStep + 1 - lowest) / 2) + lowest
        return (w < 0 ? -1 : 1) * Math.min(q, levels - 1) * halfStep
      }),
    )
  },
})
