import * as tf from '@tensorflow/tfjs'
import { padded } from '../operators/window.ts'

type Info = tf.backend_util.Conv2DInfo

/**
 * dL/dW[i, j, c, o] = Σ x[n, s·p + i, s·q + j, c] · dy[n, p, q, o]: a convolution of x with dy as its filter, where channels
 * and examples have changed places and the stride is the filter's dilation.
 *
 * @param x [n, h, w, c]
 * @param dy [n, p, q, o]
 * @returns [kernel height, kernel width, c, o]
 */
export function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, info: Info): tf.Tensor4D {
  const { strideHeight, strideWidth } = info
  const images = padded(tf.transpose(x, [3, 1, 2, 0]), readPads(x, info))
  const filter = tf.transpose(dy, [1, 2, 0, 3])
  const made = tf.conv2d(images, filter, 1, 'valid', 'NHWC', [strideHeight, strideWidth])
  return tf.transpose(made, [1, 2, 0, 3])
}

/** What lies around the input, as far as a window reads it: rows behind the last window are cut off. */
export function readPads(x: tf.Tensor4D, info: Info): [number, number, number, number] {
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = info
  const { top, left } = padInfo
  const bottom = filterHeight + (outHeight - 1) * strideHeight - x.shape[1] - top
  const right = filterWidth + (outWidth - 1) * strideWidth - x.shape[2] - left
  return [top, left, bottom, right]
}

/**
 * dL/dx: a convolution of dy, with zeros between its values where there is a stride, with the filter turned round.
 *
 * @param dy [n, p, q, o]
 * @param filter [kernel height, kernel width, c, o]
 * @returns [n, h, w, c]
 */
export function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, info: Info): tf.Tensor4D {
  return tf.conv2d(spread(dy, info), tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]), 1, 'valid')
}

/** dy with zeros between its values and around them, of such a size that a filter that moves over it makes one value an input. */
export function spread(dy: tf.Tensor4D, info: Info): tf.Tensor4D {
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth } = info
  const apart = interleaved(dy, strideHeight, strideWidth)
  const top = filterHeight - 1 - padInfo.top
  const left = filterWidth - 1 - padInfo.left
  const bottom = inHeight + filterHeight - 1 - top - apart.shape[1]
  const right = inWidth + filterWidth - 1 - left - apart.shape[2]
  return padded(apart, [top, left, bottom, right])
}

/** [n, p, q, c] with zeros behind every value: [n, stride · p, stride · q, c]. */
export function interleaved(x: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return x
  const [count, rows, columns, channels] = x.shape
  const high = tf.pad4d(tf.reshape(x, [count * rows, 1, columns, channels]), [[0, 0], [0, strideHeight - 1], [0, 0], [0, 0]]) // prettier-ignore
  const wide = tf.pad4d(tf.reshape(high, [count * rows * strideHeight, columns, 1, channels]), [[0, 0], [0, 0], [0, strideWidth - 1], [0, 0]]) // prettier-ignore
  return tf.reshape(wide, [count, rows * strideHeight, columns * strideWidth, channels])
}
