import * as tf from '@tensorflow/tfjs'
import { sizeOf } from '@loadbearing/core'
import { given, type Mapping, type Mappings, Unsupported } from '../node.ts'
import { tensorOf } from '../tensors.ts'
import { numbersOf, Value } from '../value.ts'

const shape: Mapping = (node) => (inputs) => {
  const { shape: sizes } = given(inputs, 0)
  const taken = sizes.slice(node.number('start', 0), node.number('end', sizes.length))
  return Value.plain(tf.tensor1d(taken, 'int32'))
}

const size: Mapping = () => (inputs) => Value.plain(tf.scalar(sizeOf(given(inputs, 0).shape), 'int32'))

const constantOfShape: Mapping = (node) => {
  const value = node.tensor('value') ?? { shape: [1], data: new Float32Array(1) }
  return (inputs) => {
    const sizes = [...numbersOf(given(inputs, 0))]
    return Value.plain(tf.broadcastTo(tf.reshape(tensorOf(value), []), sizes))
  }
}

const range: Mapping = () => (inputs) => {
  const [start, limit, step] = [0, 1, 2].map((position) => numbersOf(given(inputs, position))[0]!) as [
    number,
    number,
    number,
  ]
  const count = Math.max(0, Math.ceil((limit - start) / step))
  const values = Array.from({ length: count }, (_, i) => start + i * step)
  const { dtype } = given(inputs, 0).plain
  return Value.plain(tf.tensor1d(values, dtype === 'int32' ? 'int32' : 'float32'))
}

/** TensorFlow.js has three types of numbers; by their numbers in the format, those that each stands for. */
const types: ReadonlyMap<number, 'float32' | 'int32' | 'bool'> = new Map([
  ...[1, 10, 11, 16].map((type) => [type, 'float32'] as const),
  ...[2, 3, 4, 5, 6, 7, 12, 13].map((type) => [type, 'int32'] as const),
  [9, 'bool'],
])

const cast: Mapping = (node) => {
  const type = types.get(node.number('to', 0))
  if (!type) throw new Unsupported('a type of no numbers')
  return (inputs) => given(inputs, 0).map((x) => (x.dtype === type ? x : tf.cast(x, type)))
}

/** What computes shapes. TensorFlow.js runs node by node, so that every shape is known by then. */
export const shapes: Mappings = {
  Shape: shape,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  Cast: cast,
}
