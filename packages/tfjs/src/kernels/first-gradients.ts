import * as tf from '@tensorflow/tfjs'

type Gradient = (gradient: tf.Tensor, input: tf.Tensor, attributes: Readonly<Record<string, unknown>>) => tf.Tensor

/**
 * Gradients of kernels from their input alone. TensorFlow.js computes these from the output that it has kept, but notes the copy
 * before the kernel itself, so that a second gradient does not pass through it and is wrong in silence.
 */
const ofInput: Readonly<Record<string, readonly [input: string, Gradient]>> = {
  Exp: ['x', (dy, x) => tf.mul(dy, tf.exp(x))],
  Sigmoid: [
    'x',
    (dy, x) => {
      const y = tf.sigmoid(x)
      return tf.mul(dy, tf.mul(y, tf.sub(1, y)))
    },
  ],
  Tanh: ['x', (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x))))],
  Elu: ['x', (dy, x) => tf.mul(dy, tf.exp(tf.minimum(x, 0)))],
  Softmax: [
    'logits',
    (dy, logits, { dim }) => {
      const y = tf.softmax(logits, dim as number)
      const weighted = tf.mul(dy, y)
      return tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y))
    },
  ],
}

/** Registers them with TensorFlow.js; once a process. */
export function registerFirstGradients(): void {
  for (const [kernelName, [input, gradient]] of Object.entries(ofInput)) {
    tf.registerGradient({
      kernelName,
      inputsToSave: [input],
      gradFunc: (dy, saved, attributes) => ({
        [input]: () => gradient(dy as tf.Tensor, saved[0]!, attributes),
      }),
    })
  }
}
