import * as tf from '@tensorflow/tfjs'
import { padded } from '../operators/window.ts'
import { spread } from './convolution-gradients.ts'

type Info = tf.backend_util.Conv2DInfo

/**
 * dL/dW[i, j, c, m] = Σ x[n, s·p + i, s·q + j, c] · dy[n, p, q, c·M + m], a tap of the filter at a time.
 *
 * @param x [n, h, w, c]
 * @param dy [n, p, q, c·M]
 * @returns [kernel height, kernel width, c, M]
 */
export function depthwiseFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, info: Info): tf.Tensor4D {
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = info
  const [count, , , channels] = x.shape
  const each = dy.shape[3] / channels
  const images = padded(x, [padInfo.top, padInfo.left, Math.max(0, padInfo.bottom), Math.max(0, padInfo.right)])
  const rows = count * outHeight * outWidth
  const gradients = tf.reshape(dy, [rows, channels, each])
  const ones = tf.ones([1, rows])
  const taps: tf.Tensor[] = []
  for (let i = 0; i < filterHeight; i++) {
    for (let j = 0; j < filterWidth; j++) {
      const end = [count, i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1, channels]
      const seen = tf.stridedSlice(images, [0, i, j, 0], end, [1, strideHeight, strideWidth, 1])
      const products = tf.mul(tf.reshape(seen, [rows, channels, 1]), gradients)
      taps.push(tf.matMul(ones, tf.reshape(products, [rows, channels * each])))
    }
  }
  return tf.reshape(tf.concat(taps, 0), [filterHeight, filterWidth, channels, each])
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
