import { featureAxisOf, type Layer, sizeOf, type Unscored } from '@loadbearing/core'

/**
 * Which of the values that a layer reads each value it makes is a weighted sum of, and by which weights. In a group, every output
 * channel is at every place the sum over `inputs` channels and `taps`, of
 *
 *     weight[group · weights.group + output · weights.output + input · weights.input + tap]
 *     × read[sources(place)[tap] + (group · inputs + input) · readStride]
 *
 * and is made[targets(place) + (group · outputs + output) · madeStride]. Where a source is −1, a zero is read.
 */
export interface Wiring {
  readonly groups: number
  /** Channels of a group. */
  readonly inputs: number
  readonly outputs: number
  readonly taps: number
  readonly weights: { readonly group: number; readonly output: number; readonly input: number }
  /** Places of one example at which every channel has a value. */
  readonly places: number
  readonly sources: (place: number) => readonly number[]
  readonly readStride: number
  readonly targets: (place: number) => number
  readonly madeStride: number
}

/**
 * The wiring of a layer, from its shapes for one example.
 *
 * @returns the reason where they do not tell it
 */
export function wiringOf(layer: Layer): Wiring | Unscored {
  if (layer.op === 'Conv' || layer.op === 'ConvTranspose') return convolutionOf(layer)
  if (layer.weightShape.length !== 2) return { reason: 'its weight is a stack of matrices' }
  return matrixOf(layer)
}

function matrixOf(layer: Layer): Wiring {
  const { weightShape, inputAxis, outputAxis, inputShape, outputShape } = layer
  const [read, made] = [vectorsOf(layer, inputShape), vectorsOf(layer, outputShape)]
  const strideOf = (axis: number): number => sizeOf(weightShape.slice(axis + 1))
  return {
    groups: 1,
    inputs: weightShape[inputAxis]!,
    outputs: weightShape[outputAxis]!,
    taps: 1,
    weights: { group: 0, output: strideOf(outputAxis), input: strideOf(inputAxis) },
    places: sizeOf(outputShape) / weightShape[outputAxis]!,
    sources: (place) => [read.start(place)],
    readStride: read.stride,
    targets: made.start,
    madeStride: made.stride,
  }
}

/** Where the vectors over features lie in what one example reads or makes. */
function vectorsOf(layer: Layer, shape: readonly number[]): { stride: number; start: (place: number) => number } {
  const axis = featureAxisOf(layer, shape.length + 1) - 1
  const stride = sizeOf(shape.slice(axis + 1))
  return { stride, start: (place) => Math.floor(place / stride) * stride * shape[axis]! + (place % stride) }
}

function convolutionOf({ op, weightShape, groups, inputShape, outputShape, window }: Layer): Wiring | Unscored {
  if (!window) return { reason: 'nothing tells how its kernel moves' }
  const { strides, dilations, pads } = window
  const [kernel, read, made] = [weightShape.slice(2), inputShape.slice(1), outputShape.slice(1)]
  const [taps, inputs, outputs] = [sizeOf(kernel), inputShape[0]! / groups, outputShape[0]! / groups]
  const along = (axis: number, place: number, tap: number): number => {
    const [stride, pad, reach] = [strides[axis]!, pads[axis]!, tap * dilations[axis]!]
    const source = op === 'Conv' ? place * stride + reach - pad : (place + pad - reach) / stride
    return Number.isInteger(source) && source >= 0 && source < read[axis]! ? source : -1
  }
  return {
    groups,
    inputs,
    outputs,
    taps,
    weights:
      op === 'Conv'
        ? { group: outputs * inputs * taps, output: inputs * taps, input: taps }
        : { group: inputs * outputs * taps, output: taps, input: outputs * taps },
    places: sizeOf(made),
    sources: (place) => {
      const at = coordinates(place, made)
      return Array.from({ length: taps }, (_, tap) => {
        const from = coordinates(tap, kernel).map((its, axis) => along(axis, at[axis]!, its))
        return from.includes(-1) ? -1 : from.reduce((offset, its, axis) => offset * read[axis]! + its, 0)
      })
    },
    readStride: sizeOf(read),
    targets: (place) => place,
    madeStride: sizeOf(made),
  }
}

function coordinates(index: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) => Math.floor(index / sizeOf(shape.slice(axis + 1))) % size)
}
