import * as tf from '@tensorflow/tfjs'
import { padded } from '../operators/window.ts'
import { interleaved } from './convolution-gradients.ts'

/**
 * dL/dx of a maximum over windows, a tap of the window at a time: every gradient goes to the first place that holds its window's
 * maximum.
 *
 * @param dy [n, p, q, c]
 * @param x [n, h, w, c]
 * @param y [n, p, q, c], the maxima
 */
export function maxPoolGradient(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  y: tf.Tensor4D,
  { padInfo, filterHeight, filterWidth, strideHeight, strideWidth }: tf.backend_util.Conv2DInfo,
): tf.Tensor {
  const [count, rows, columns, channels] = y.shape
  const [, height, width] = x.shape
  const { top, left } = padInfo
  const images = padded(x, [top, left, Math.max(0, padInfo.bottom), Math.max(0, padInfo.right)], -Infinity)
  let unclaimed: tf.Tensor4D = tf.onesLike(y)
  const taps: tf.Tensor[] = []
  for (let i = 0; i < filterHeight; i++) {
    for (let j = 0; j < filterWidth; j++) {
      const end = [count, i + (rows - 1) * strideHeight + 1, j + (columns - 1) * strideWidth + 1, channels]
      const seen = tf.stridedSlice(images, [0, i, j, 0], end, [1, strideHeight, strideWidth, 1])
      const claimed = tf.mul(tf.cast(tf.equal(seen, y), 'float32'), unclaimed)
      unclaimed = tf.sub(unclaimed, claimed)
      const apart = interleaved(tf.mul(dy, claimed), strideHeight, strideWidth)
      const [above, before] = [i - top, j - left]
      taps.push(padded(apart, [above, before, height - above - apart.shape[1], width - before - apart.shape[2]]))
    }
  }
  return tf.addN(taps)
}
