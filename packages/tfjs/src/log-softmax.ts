import * as tf from '@tensorflow/tfjs'

/** log softmax over the last axis, of which, unlike TensorFlow.js's own, a second gradient can be taken. */
export function logSoftmax(x: tf.Tensor): tf.Tensor {
  return tf.sub(x, tf.logSumExp(x, -1, true))
}
