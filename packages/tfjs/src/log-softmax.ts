import * as tf from '@tensorflow/tfjs'

/** log softmax over the last axis, of which, unlike TensorFlow.js's own, a second gradient can be taken. */
export function logSoftmax(x: tf.Tensor): tf.Tensor {
  const shifted = tf.sub(x, tf.max(x, -1, true))
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)))
}
