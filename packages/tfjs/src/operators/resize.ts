import * as tf from '@tensorflow/tfjs'
import { given, type Inputs, type Mapping, type Mappings, type Node, positive, Unsupported } from '../node.ts'
import { numbersOf, Value } from '../value.ts'
import { product } from './dense.ts'

/** Where a place of the resized axis lies on the original one. */
type Coordinate = (at: number, scale: number, from: number, to: number) => number

const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: (at, scale) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric: (at, scale, from, to) => {
    const centre = (from / 2) * (1 - to / (from * scale))
    return centre + (at + 0.5) / scale - 0.5
  },
  pytorch_half_pixel: (at, scale, _, to) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, _, from, to) => (to > 1 ? (at * (from - 1)) / (to - 1) : 0),
  asymmetric: (at, scale) => at / scale,
}

const roundings: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
}

/** How much of every place of the original axis each place of the resized one takes: [from, to]. */
function shares(
  from: number,
  to: number,
  weights: (at: number) => readonly (readonly [number, number])[],
): tf.Tensor2D {
  const data = new Float32Array(from * to)
  for (let at = 0; at < to; at++) {
    for (const [place, share] of weights(at)) {
      data[Math.max(0, Math.min(from - 1, place)) * to + at]! += share
    }
  }
  return tf.tensor2d(data, [from, to])
}

/**
 * Nearest and linear, an axis at a time: each is a product with a matrix of shares, so that every way in which ONNX places the
 * coordinates is the same to TensorFlow.js, and has a gradient.
 */
const resize: Mapping = (node) => {
  const mode = node.text('mode', 'nearest')
  const named = node.text('coordinate_transformation_mode', node.opset < 11 ? 'asymmetric' : 'half_pixel')
  const coordinate = coordinates[named]
  const rounding = roundings[node.text('nearest_mode', node.opset < 11 ? 'floor' : 'round_prefer_floor')]
  if (mode !== 'nearest' && mode !== 'linear') throw new Unsupported(`mode '${mode}'`)
  if (!coordinate || !rounding) throw new Unsupported(`coordinates '${named}'`)
  if (node.number('antialias', 0) !== 0) throw new Unsupported('antialias')
  const policy = node.text('keep_aspect_ratio_policy', 'stretch')
  if (policy !== 'stretch') throw new Unsupported(`keep_aspect_ratio_policy '${policy}'`)
  return (inputs) => {
    const x = given(inputs, 0)
    const targets = targetsOf(node, inputs, x)
    return Value.plain(
      targets.reduce((made, { to, scale }, axis) => {
        const from = x.shape[axis]!
        if (to === from && scale === 1) return made
        const matrix = shares(from, to, (at) => {
          const place = coordinate(at, scale, from, to)
          if (mode === 'nearest') return [[rounding(place), 1]]
          const low = Math.floor(place)
          return [
            [low, 1 - (place - low)],
            [low + 1, place - low],
          ]
        })
        return alongAxis(made, axis, matrix)
      }, x.plain),
    )
  }
}

function targetsOf(node: Node, inputs: Inputs, x: Value): readonly { readonly to: number; readonly scale: number }[] {
  const [scalesAt, sizesAt] = node.opset < 11 ? [1, -1] : [2, 3]
  const listed = (position: number): readonly number[] => {
    const value = inputs[position]
    return value ? numbersOf(value) : []
  }
  const [scales, sizes] = [listed(scalesAt), listed(sizesAt)]
  const some = node.numbers('axes')
  const axes = some ? positive(some, x.rank) : x.shape.map((_, axis) => axis)
  return x.shape.map((from, axis) => {
    const i = axes.indexOf(axis)
    if (i === -1) return { to: from, scale: 1 }
    if (sizes.length > 0) return { to: sizes[i]!, scale: sizes[i]! / from }
    return { to: Math.floor(from * scales[i]!), scale: scales[i]! }
  })
}

/** The tensor with one axis multiplied by a matrix [from, to]. */
function alongAxis(x: tf.Tensor, axis: number, matrix: tf.Tensor2D): tf.Tensor {
  const last = x.rank - 1
  const swapped = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
  return tf.transpose(product(tf.transpose(x, swapped), matrix), swapped)
}

export const resizing: Mappings = { Resize: resize }
