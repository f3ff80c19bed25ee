import * as tf from '@tensorflow/tfjs'

/** In place of TensorFlow.js's own, whose step function the native binding puts together from six kernels. */
const reluGradient: tf.GradConfig = {
  kernelName: 'Relu',
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as tf.Tensor, tf.cast(tf.greater(x!, 0), 'float32')) }),
}

/** Registers it with TensorFlow.js; once a process. */
export function registerNativeGradients(): void {
  tf.registerGradient(reluGradient)
}
