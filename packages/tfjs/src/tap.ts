import * as tf from '@tensorflow/tfjs'

/**
 * Hands `x` on as it is, and shows what the gradient with respect to it is once that is known.
 *
 * @param anchor a scalar that the gradient is taken with respect to: so it also passes here where nothing in front of x is
 * @param seen is given the gradient, which lives as long as the tidy that it is computed in
 */
export function tap(x: tf.Tensor, anchor: tf.Tensor, seen: (gradient: tf.Tensor) => void): tf.Tensor {
  const identity = tf.customGrad((...given) => {
    const [value] = given as [tf.Tensor]
    return {
      value: tf.clone(value),
      gradFunc: (gradient) => {
        seen(gradient)
        return [gradient, tf.scalar(0)]
      },
    }
  })
  return identity(x, anchor)
}
