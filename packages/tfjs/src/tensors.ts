import * as tf from '@tensorflow/tfjs'
import { sizeOf, type Tensor } from '@loadbearing/core'
import type { Constant } from '@loadbearing/onnx'

/** Numbers as a tensor of TensorFlow.js. */
export function tensorOf({ shape, data }: Constant | Tensor): tf.Tensor {
  const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
  // Of a view into a larger buffer, the native binding would read the whole.
  const own = data.length === sizeOf(shape) && data.byteLength === data.buffer.byteLength ? data : data.slice()
  return tf.tensor(own, [...shape], type)
}

/** A tensor of TensorFlow.js as one of the project. */
export async function readTensor(tensor: tf.Tensor): Promise<Tensor> {
  return { shape: tensor.shape, data: Float32Array.from(await tensor.data()) }
}
