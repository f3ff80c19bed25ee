import type { Layer } from './layer.ts'
import { sizeOf } from './tensor.ts'

/** Which output channel every weight of a layer belongs to. */
export interface OutputChannels {
  readonly count: number
  /** The output channel of the weight at a place of the tensor, from 0 in the order of the network's channels. */
  readonly of: (place: number) => number
}

/**
 * The filters of a layer: each makes one output channel, of a stack of matrices in a MatMul that of one matrix. Counted matrix by matrix.
 */
export function filtersOf(layer: Layer): OutputChannels {
  const { count, of } = outputChannelsOf(layer)
  if (layer.op !== 'MatMul') return { count, of }
  const matrix = sizeOf(layer.weightShape.slice(-2))
  const stacked = sizeOf(layer.weightShape.slice(0, -2))
  return { count: stacked * count, of: (place) => Math.floor(place / matrix) * count + of(place) }
}

/**
 * The output channels of a layer. The weight of a grouped transposed convolution counts those of one group alone; the
 * group is then told by the input channel.
 */
export function outputChannelsOf({ op, weightShape, outputAxis, inputAxis, groups }: Layer): OutputChannels {
  const alongAxis = weightShape[outputAxis]!
  const stride = sizeOf(weightShape.slice(outputAxis + 1))
  const along = (place: number): number => Math.floor(place / stride) % alongAxis
  if (op !== 'ConvTranspose' || groups === 1) return { count: alongAxis, of: along }
  const inputs = weightShape[inputAxis]!
  const inputStride = sizeOf(weightShape.slice(inputAxis + 1))
  const groupOf = (place: number): number => Math.floor(((Math.floor(place / inputStride) % inputs) * groups) / inputs)
  return { count: alongAxis * groups, of: (place) => groupOf(place) * alongAxis + along(place) }
}
