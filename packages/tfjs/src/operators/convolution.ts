import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings } from '../node.ts'
import { Value } from '../value.ts'
import { asImage, extentOf, padded, padsFor, windowOf } from './window.ts'

/** A filter [outputs, inputs, height, width] as [height, width, inputs, outputs], or with the last two the other way round. */
function filterOf(weight: tf.Tensor, order: readonly [number, number]): tf.Tensor4D {
  const [outputs, inputs] = weight.shape as [number, number]
  const image: tf.Tensor = weight.rank === 3 ? tf.reshape(weight, [outputs, inputs, 1, weight.shape[2]!]) : weight
  return tf.transpose(image as tf.Tensor4D, [2, 3, ...order])
}

/**
 * The filter with zeros between its taps. TensorFlow.js has no gradient of a dilated convolution, but one of its filter's values in
 * a larger filter.
 */
function dilated(filter: tf.Tensor4D, [rows, columns]: readonly [number, number]): tf.Tensor4D {
  if (rows === 1 && columns === 1) return filter
  const [height, width, inputs, outputs] = filter.shape
  const spread = tf.pad(
    tf.reshape(filter, [height, 1, width, 1, inputs * outputs]),
    [[0, 0], [0, rows - 1], [0, 0], [0, columns - 1], [0, 0]], // prettier-ignore
  )
  const whole = tf.reshape<tf.Rank.R4>(spread, [height * rows, width * columns, inputs, outputs])
  const [high, wide] = extentOf([height, width], [rows, columns])
  return tf.slice(whole, [0, 0, 0, 0], [high, wide, inputs, outputs])
}

/** A convolution group by group of the channels, which are the last axis of both. */
function grouped(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  run: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  if (groups === 1) return run(x, filter)
  const filters = tf.split<tf.Tensor4D>(filter, groups, 3)
  const parts = tf.split<tf.Tensor4D>(x, groups, 3).map((part, group) => run(part, filters[group]!))
  return tf.concat(parts, 3)
}

function withBias(made: tf.Tensor4D, bias: Value | undefined, rank: number): Value {
  const [count, , length, channels] = made.shape
  const shaped: tf.Tensor = rank === 4 ? made : tf.reshape(made, [count, length, channels])
  return Value.channelsLast(bias ? tf.add(shaped, bias.plain) : shaped)
}

const conv: Mapping = (node) => {
  const window = windowOf(node)
  const groups = node.number('group', 1)
  const strides = [...window.strides] as [number, number]
  return (inputs) => {
    const [x, weight] = [given(inputs, 0), given(inputs, 1)]
    const image = asImage(x.channelsLast)
    const channels = image.shape[3]
    const order = [1, 0] as const
    // One input channel a group: TensorFlow's depthwise convolution, which has one stride for both axes.
    const isDepthwise = groups > 1 && groups === channels && strides[0] === strides[1]
    const plain = dilated(filterOf(weight.plain, order), window.dilations)
    const [height, width] = plain.shape
    const size = [image.shape[1], image.shape[2]] as const
    const pads = padsFor(window, size, [height, width])
    // Where the zeros are those of TensorFlow's own padding, no padded copy is made, nor is its gradient cut.
    const isSame = pads.join() === padsFor({ ...window, pads: 'SAME_UPPER' }, size, [height, width]).join()
    const [around, pad] = isSame ? [image, 'same' as const] : [padded(image, pads), 'valid' as const]
    const made = isDepthwise
      ? tf.depthwiseConv2d(around, tf.reshape<tf.Rank.R4>(plain, [height, width, channels, -1]), strides, pad)
      : grouped(around, plain, groups, (part, filter) => tf.conv2d(part, filter, strides, pad))
    return withBias(made, inputs[2], x.rank)
  }
}

const convTranspose: Mapping = (node) => {
  const window = windowOf(node)
  const groups = node.number('group', 1)
  const strides = [...window.strides] as [number, number]
  const more = node.numbers('output_padding') ?? []
  const [moreRows, moreColumns] = more.length === 1 ? [0, more[0]!] : [more[0] ?? 0, more[1] ?? 0]
  const wanted = node.numbers('output_shape')
  return (inputs) => {
    const [x, weight] = [given(inputs, 0), given(inputs, 1)]
    const image = asImage(x.channelsLast)
    const [count, rows, columns] = image.shape
    // [inputs, outputs of a group, height, width] as [height, width, outputs of a group, inputs].
    const filter = dilated(filterOf(weight.plain, [1, 0]), window.dilations)
    const [height, width] = filter.shape
    const whole = [
      (rows - 1) * strides[0] + height + moreRows,
      (columns - 1) * strides[1] + width + moreColumns,
    ] as const
    const made = grouped(image, filter, groups, (part, its) =>
      tf.conv2dTranspose(part, its, [count, ...whole, its.shape[2]], strides, 'valid'),
    )
    const sizes = wanted && (wanted.length === 1 ? [1, wanted[0]!] : wanted.slice(-2))
    return withBias(padded(made, cropOf(window.pads, whole, sizes, [rows, columns], strides)), inputs[2], x.rank)
  }
}

/** What is cut off around: the pads, or what is more than the wanted size. */
function cropOf(
  pads: ReturnType<typeof windowOf>['pads'],
  whole: readonly number[],
  sizes: readonly number[] | undefined,
  input: readonly number[],
  strides: readonly number[],
): readonly [number, number, number, number] {
  if (!sizes && typeof pads !== 'string') return pads.map((each) => -each) as [number, number, number, number]
  const extra = whole.map((size, i) => size - (sizes?.[i] ?? input[i]! * strides[i]!))
  const less = extra.map((each) => Math.floor(each / 2))
  const more = extra.map((each) => Math.ceil(each / 2))
  const [start, end] = pads === 'SAME_UPPER' ? [less, more] : [more, less]
  return [...start, ...end].map((each) => -each) as [number, number, number, number]
}

export const convolutions: Mappings = { Conv: conv, ConvTranspose: convTranspose }
