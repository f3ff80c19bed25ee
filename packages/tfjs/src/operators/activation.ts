import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings, type Node, positive, Unsupported } from '../node.ts'
import { logSoftmax } from '../log-softmax.ts'
import { numbersOf, Value } from '../value.ts'

/** An operator that treats every element alike. */
export function elementwise(change: (x: tf.Tensor, node: Node) => tf.Tensor): Mapping {
  return (node) => (inputs) => given(inputs, 0).map((x) => change(x, node))
}

const gelu: Mapping = (node) => {
  const approximate = node.text('approximate', 'none')
  if (approximate !== 'none' && approximate !== 'tanh') throw new Unsupported(`approximate '${approximate}'`)
  const cumulative = (x: tf.Tensor): tf.Tensor =>
    approximate === 'none'
      ? tf.erf(tf.mul(x, Math.SQRT1_2))
      : tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x))))))
  return (inputs) => given(inputs, 0).map((x) => tf.mul(tf.mul(0.5, x), tf.add(1, cumulative(x))))
}

const clip: Mapping = (node) => (inputs) => {
  const bound = (position: number, name: string, otherwise: number): number => {
    const value = inputs[position]
    return value ? numbersOf(value)[0]! : node.number(name, otherwise)
  }
  const [low, high] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)]
  return given(inputs, 0).map((x) => tf.clipByValue(x, Math.min(low, high), high))
}

const hardSigmoid = (x: tf.Tensor, alpha: number, beta: number): tf.Tensor =>
  tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1)

/** The rows of a value that a node works along, and back: those of its axis; before opset 13, of all axes from there on as one. */
export function rowsOf(
  node: Node,
  shape: readonly number[],
): { readonly toRows: (x: tf.Tensor) => tf.Tensor; readonly fromRows: (rows: tf.Tensor) => tf.Tensor } {
  const [axis] = positive([node.number('axis', node.opset < 13 ? 1 : -1)], shape.length) as [number]
  if (node.opset < 13) {
    const rows = shape.slice(0, axis).reduce((a, b) => a * b, 1)
    return { toRows: (x) => tf.reshape(x, [rows, -1]), fromRows: (x) => tf.reshape(x, [...shape]) }
  }
  const last = shape.length - 1
  if (axis === last) return { toRows: (x) => x, fromRows: (x) => x }
  const swapped = shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
  const swap = (x: tf.Tensor): tf.Tensor => tf.transpose(x, swapped)
  return { toRows: swap, fromRows: swap }
}

/** A function of rows. */
function alongAxis(change: (rows: tf.Tensor) => tf.Tensor): Mapping {
  return (node) => (inputs) => {
    const x = given(inputs, 0)
    const { toRows, fromRows } = rowsOf(node, x.shape)
    return Value.plain(fromRows(change(toRows(x.plain))))
  }
}

const prelu: Mapping = () => (inputs) => {
  const [x, slope] = [given(inputs, 0), given(inputs, 1)]
  // The slope broadcasts to the input, never the other way.
  return Value.plain(tf.add(tf.relu(x.plain), tf.mul(slope.plain, tf.neg(tf.relu(tf.neg(x.plain))))))
}

export const activations: Mappings = {
  Relu: elementwise((x) => tf.relu(x)),
  LeakyRelu: elementwise((x, node) => tf.leakyRelu(x, node.number('alpha', 0.01))),
  PRelu: prelu,
  Elu: elementwise((x, node) => {
    const alpha = node.number('alpha', 1)
    return alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(alpha, tf.elu(tf.neg(tf.relu(tf.neg(x))))))
  }),
  Clip: clip,
  Sigmoid: elementwise((x) => tf.sigmoid(x)),
  HardSigmoid: elementwise((x, node) => hardSigmoid(x, node.number('alpha', 0.2), node.number('beta', 0.5))),
  HardSwish: elementwise((x) => tf.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Softplus: elementwise((x) => tf.softplus(x)),
  Tanh: elementwise((x) => tf.tanh(x)),
  Erf: elementwise((x) => tf.erf(x)),
  Gelu: gelu,
  Softmax: alongAxis((rows) => tf.softmax(rows)),
  LogSoftmax: alongAxis((rows) => logSoftmax(rows)),
}
