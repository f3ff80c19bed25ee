import { definePerturbation, type Layer, sizeOf } from '@loadbearing/core'
import { interpolate } from './interpolation.ts'

/**
 * W′ = (1 − α) · W + α · S, S ~ N(0, 2 / fan_in) independently for every weight, rounded to float32: at α = 1 the layer is as if it
 * had been initialised anew.
 *
 * Source: He et al. 2015, equation 10, for S; Zhang et al. 2019 (arXiv 1902.01996), for resetting one layer of a trained
 * network to random weights. The way towards S is ours, and S does not depend on how the network was initialised in truth.
 */
export const reinitReset = definePerturbation({
  name: 'reinit-reset',
  family: 'reset',
  version: 1,
  summary: 'Moves the weights towards a fresh initialisation by the rule of He et al.',
  reference: {
    title:
      'Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification (He et al. 2015)',
    url: 'https://arxiv.org/abs/1502.01852',
  },
  target: 'weights',
  unit: 'share α of the way',
  intensities: [0.15, 0.3, 0.5, 0.65, 0.8, 1],
  stochastic: true,
  apply(weight, alpha, { rng, layer }) {
    const std = Math.sqrt(2 / fanIn(layer))
    return interpolate(
      weight,
      weight.data.map(() => std * rng.normal()),
      alpha,
    )
  },
})

/**
 * Weights of one output: the input channels of its group times the size of the kernel. Of a transposed convolution only one in
 * stride² of them meets in the same place; that is left out.
 */
function fanIn({ op, weightShape, inputAxis, outputAxis, groups }: Layer): number {
  switch (op) {
    case 'Conv':
      return sizeOf(weightShape) / weightShape[outputAxis]!
    case 'ConvTranspose':
      return sizeOf(weightShape) / (weightShape[outputAxis]! * groups)
    case 'Gemm':
    case 'MatMul':
      // A stack of matrices is as many outputs.
      return weightShape[inputAxis]!
  }
}
