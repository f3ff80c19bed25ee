import * as tf from '@tensorflow/tfjs'
import { padded } from '../operators/window.ts'
import { readPads, spread } from './convolution-gradients.ts'

type Info = tf.backend_util.Conv2DInfo

/**
 * dL/dW[i, j, c, m] = Σ x[n, s·p + i, s·q + j, c] · dy[n, p, q, c·M + m]: a depthwise convolution of x with dy as its filter, where
 * every example is a channel of its own and the stride is the filter's dilation, summed over the examples.
 *
 * @param x [n, h, w, c]
 * @param dy [n, p, q, c·M]
 * @returns [kernel height, kernel width, c, M]
 */
export function depthwiseFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, info: Info): tf.Tensor4D {
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = info
  const [count, , , channels] = x.shape
  const each = dy.shape[3] / channels
  const around = padded(x, readPads(x, info))
  const [, height, width] = around.shape
  const images = tf.reshape<tf.Rank.R4>(tf.transpose(around, [1, 2, 0, 3]), [1, height, width, count * channels])
  const filter = tf.reshape<tf.Rank.R4>(tf.transpose(dy, [1, 2, 0, 3]), [outHeight, outWidth, count * channels, each])
  const made = tf.depthwiseConv2d(images, filter, 1, 'valid', 'NHWC', [strideHeight, strideWidth])
  const sums = tf.sum(tf.reshape(made, [filterHeight * filterWidth, count, channels * each]), 1)
  return tf.reshape(sums, [filterHeight, filterWidth, channels, each])
}

/**
 * dL/dx: a depthwise convolution of dy with the filter turned round, summed over the filters of a channel.
 *
 * @param dy [n, p, q, c·M]
 * @param filter [kernel height, kernel width, c, M]
 * @returns [n, h, w, c]
 */
export function depthwiseInputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, info: Info): tf.Tensor4D {
  const [height, width, channels, each] = filter.shape
  const turned = tf.reshape<tf.Rank.R4>(tf.reverse(filter, [0, 1]), [height, width, channels * each, 1])
  const made = tf.depthwiseConv2d(spread(dy, info), turned, 1, 'valid')
  if (each === 1) return made
  const [count, rows, columns] = made.shape
  return tf.sum(tf.reshape(made, [count, rows, columns, channels, each]), 4)
}
