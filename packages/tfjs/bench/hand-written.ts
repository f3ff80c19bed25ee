import * as tf from '@tensorflow/tfjs'
import type { Tensor } from '@loadbearing/core'
import type { Labelled } from '../src/index.ts'

/** A residual network as one writes it in TensorFlow.js: channels last, the weights of an ONNX file. */
export interface HandWritten {
  /** The gradients of the mean loss, by layer, in the layout of TensorFlow.js. */
  readonly gradients: () => Map<string, tf.Tensor>
  /** One of them in the layout of the file. */
  readonly asInFile: (gradient: tf.Tensor) => tf.Tensor
}

/**
 * The networks resnet8-fashion and resnet20-cifar10: a stem, three stages of blocks, the mean over all places, and a dense layer. Batch
 * normalisation is folded in the files.
 *
 * @param stored what the file carries, by name
 */
export function handWritten(
  stored: ReadonlyMap<string, Tensor>,
  layers: readonly string[],
  { examples, labels }: Labelled,
): HandWritten {
  const filters = new Map(layers.map((name) => [name, tf.variable(toChannelsLast(tensorOf(stored.get(name)!)), true)]))
  const biases = new Map(
    [...stored].filter(([name]) => name.endsWith('.bias')).map(([name, its]) => [name, tensorOf(its)]),
  )
  const x = tf.transpose(tensorOf(examples), [0, 2, 3, 1]) as tf.Tensor4D
  const classes = stored.get('fc.bias')!.shape[0]!
  const isClass = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32')
  const blocks = layers
    .filter((name) => name.endsWith('.conv1.weight'))
    .map((name) => name.replace('.conv1.weight', ''))

  const conv = (from: tf.Tensor4D, name: string, stride: number): tf.Tensor4D => {
    const filter = filters.get(`${name}.weight`) as tf.Tensor4D
    // With a stride of 2, 'same' puts its zeros elsewhere than PyTorch.
    const isSame = stride === 1 || filter.shape[0] === 1
    const made = isSame
      ? tf.conv2d(from, filter, stride, 'same')
      : tf.conv2d(tf.pad4d(from, [[0, 0], [1, 1], [1, 1], [0, 0]]), filter, stride, 'valid') // prettier-ignore
    return tf.add(made, biases.get(`${name}.bias`)!)
  }
  const block = (from: tf.Tensor4D, name: string): tf.Tensor4D => {
    const shortcut = filters.has(`${name}.shortcut.weight`)
    const stride = shortcut ? 2 : 1
    const inner = conv(tf.relu(conv(from, `${name}.conv1`, stride)), `${name}.conv2`, 1)
    return tf.relu(tf.add(inner, shortcut ? conv(from, `${name}.shortcut`, 2) : from))
  }
  const loss = (): tf.Scalar => {
    const stem = tf.relu(conv(x, 'stem', x.shape[1] === 32 ? 2 : 1))
    const features = tf.mean<tf.Tensor2D>(blocks.reduce(block, stem), [1, 2])
    const logits = tf.add(tf.matMul(features, filters.get('fc.weight') as tf.Tensor2D), biases.get('fc.bias')!)
    return tf.neg(tf.mean(tf.sum(tf.mul(isClass, tf.logSoftmax(logits)), 1)))
  }
  return {
    gradients() {
      const { grads } = tf.variableGrads(loss, [...filters.values()])
      return new Map([...filters].map(([name, variable]) => [name, grads[variable.name]!]))
    },
    asInFile: (gradient) => tf.transpose(gradient, gradient.rank === 4 ? [3, 2, 0, 1] : [1, 0]),
  }
}

/** [out, in, …] as TensorFlow.js has it: […, in, out]. */
function toChannelsLast(weight: tf.Tensor): tf.Tensor {
  return tf.transpose(weight, weight.rank === 4 ? [2, 3, 1, 0] : [1, 0])
}

function tensorOf({ shape, data }: Tensor): tf.Tensor {
  return tf.tensor(data.slice(), [...shape])
}
