import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings, type Node, Unsupported } from '../node.ts'
import { Value } from '../value.ts'
import { asImage, extentOf, padded, padsFor, type Window, windowOf } from './window.ts'

type Pads = readonly [number, number, number, number]

/** The smallest float32: no place of a padded image beats it. */
export const lowest = -3.4028234663852886e38

/** The pads with what a last, incomplete window reads beyond them. */
function ceiled(pads: Pads, { strides }: Window, size: readonly number[], extent: readonly number[]): Pads {
  const beyond = strides.map((stride, i) => {
    const room = size[i]! + pads[i]! + pads[i + 2]! - extent[i]!
    let steps = Math.ceil(room / stride)
    // A window that starts in the padding behind the image is none.
    if (steps * stride >= size[i]! + pads[i]!) steps--
    return Math.max(0, steps * stride - room)
  })
  return [pads[0], pads[1], pads[2] + beyond[0]!, pads[3] + beyond[1]!]
}

/** The taps of all windows side by side, so that windows with gaps in them become neighbours that do not overlap. */
export function sideBySide(
  x: tf.Tensor4D,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): tf.Tensor4D {
  return [0, 1].reduce((image, axis) => {
    const extent = (kernel[axis]! - 1) * dilations[axis]! + 1
    const windows = Math.floor((image.shape[axis + 1]! - extent) / strides[axis]!) + 1
    const taps = Array.from({ length: windows * kernel[axis]! }, (_, i) => {
      const window = Math.floor(i / kernel[axis]!)
      return window * strides[axis]! + (i % kernel[axis]!) * dilations[axis]!
    })
    return tf.gather(image, tf.tensor1d(taps, 'int32'), axis + 1)
  }, x)
}

export function shapedAs(made: tf.Tensor4D, rank: number): Value {
  const [count, , length, channels] = made.shape
  return Value.channelsLast(rank === 4 ? made : tf.reshape(made, [count, length, channels]))
}

/** Images whose windows are read without padding or gaps. */
export interface Windowed {
  readonly images: tf.Tensor4D
  readonly size: [number, number]
  readonly strides: [number, number]
}

/** What a pool reads of its input: the image, its pads as given and with what a last, incomplete window needs, and its windows. */
function framing(node: Node) {
  const window = windowOf(node)
  const { kernel, strides, dilations } = window
  if (!kernel) throw new Unsupported('no kernel_shape')
  const extent = extentOf(kernel, dilations)
  const hasGaps = dilations.some((each) => each !== 1)
  const frame = (x: Value) => {
    const image = asImage(x.channelsLast)
    const size = [image.shape[1], image.shape[2]] as const
    const given = padsFor(window, size, extent)
    const pads = node.number('ceil_mode', 0) === 0 ? given : ceiled(given, window, size, extent)
    return { image, size, given, pads }
  }
  const windowed = (images: tf.Tensor4D): Windowed => {
    const size = [...kernel] as [number, number]
    if (!hasGaps) return { images, size, strides: [...strides] }
    return { images: sideBySide(images, kernel, strides, dilations), size, strides: size }
  }
  return { frame, windowed }
}

/** What the windows of a maximum read of its input, with a value of one's choice in the padding. */
export function maximumWindows(node: Node): (x: Value, padding: number) => Windowed {
  const { frame, windowed } = framing(node)
  if (node.operation.outputs.length > 1) throw new Unsupported('indices')
  return (x, padding) => {
    const { image, pads } = frame(x)
    return windowed(padded(image, pads, padding))
  }
}

const max: Mapping = (node) => {
  const windows = maximumWindows(node)
  return (inputs) => {
    const x = given(inputs, 0)
    const { images, size, strides } = windows(x, lowest)
    return shapedAs(tf.maxPool(images, size, strides, 'valid'), x.rank)
  }
}

const average: Mapping = (node) => {
  const { frame, windowed } = framing(node)
  const run = (whole: tf.Tensor4D): tf.Tensor4D => {
    const { images, size, strides } = windowed(whole)
    return tf.avgPool(images, size, strides, 'valid')
  }
  return (inputs) => {
    const x = given(inputs, 0)
    const { image, size, given: own, pads } = frame(x)
    const made = run(padded(image, pads))
    if (pads.every((each) => each === 0)) return shapedAs(made, x.rank)
    // The share of a window that counts.
    const counted = node.number('count_include_pad', 0) === 0 ? ([0, 0, 0, 0] as const) : own
    const ones = padded(tf.ones([1, ...size, 1]), counted, 1)
    const rest = pads.map((each, i) => each - counted[i]!) as [number, number, number, number]
    return shapedAs(tf.div(made, run(padded(ones, rest))), x.rank)
  }
}

function overall(reduce: (x: tf.Tensor, axes: number[]) => tf.Tensor): Mapping {
  return () => (inputs) => {
    const x = given(inputs, 0)
    const axes = x.shape.slice(2).map((_, axis) => axis + 1)
    return Value.channelsLast(reduce(x.channelsLast, axes))
  }
}

export const pooling: Mappings = {
  MaxPool: max,
  AveragePool: average,
  GlobalAveragePool: overall((x, axes) => tf.mean(x, axes, true)),
  GlobalMaxPool: overall((x, axes) => tf.max(x, axes, true)),
}
