import * as tf from '@tensorflow/tfjs'
import { sizeOf } from '@loadbearing/core'
import { given, type Mapping, type Mappings } from '../node.ts'
import { Value } from '../value.ts'

const gemm: Mapping = (node) => {
  const [alpha, beta] = [node.number('alpha', 1), node.number('beta', 1)]
  const [transA, transB] = [node.number('transA', 0) !== 0, node.number('transB', 0) !== 0]
  return (inputs) => {
    const product = tf.matMul(given(inputs, 0).plain, given(inputs, 1).plain, transA, transB)
    const scaled = alpha === 1 ? product : tf.mul(product, alpha)
    const bias = inputs[2]?.plain
    if (!bias || beta === 0) return Value.plain(scaled)
    return Value.plain(tf.add(scaled, beta === 1 ? bias : tf.mul(bias, beta)))
  }
}

const matMul: Mapping = () => (inputs) => Value.plain(product(given(inputs, 0).plain, given(inputs, 1).plain))

/** The product of two stacks of matrices, as numpy has it. */
export function product(left: tf.Tensor, right: tf.Tensor): tf.Tensor {
  if (left.rank === 1 && right.rank === 1) return tf.sum(tf.mul(left, right))
  if (left.rank === 1) {
    const made = product(tf.reshape(left, [1, -1]), right)
    return tf.reshape(made, [...made.shape.slice(0, -2), ...made.shape.slice(-1)])
  }
  if (right.rank === 1) {
    const made = product(left, tf.reshape(right, [-1, 1]))
    return tf.reshape(made, made.shape.slice(0, -1))
  }
  if (right.rank === 2) {
    // One matrix for all: a single product, which is faster, and has a gradient of the matrix's own shape.
    const rows = tf.matMul(tf.reshape(left, [-1, left.shape.at(-1)!]), right)
    return tf.reshape(rows, [...left.shape.slice(0, -1), right.shape[1]!])
  }
  // TensorFlow.js has no gradient of a stack that is broadcast.
  const stack = tf.backend_util.assertAndGetBroadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2))
  const [a, b] = [left, right].map((each) => {
    const matrix = each.shape.slice(-2)
    const whole = [...stack, ...matrix]
    const full = each.shape.join() === whole.join() ? each : tf.broadcastTo(each, whole)
    return tf.reshape(full, [sizeOf(stack), ...matrix])
  }) as [tf.Tensor, tf.Tensor]
  const made = tf.matMul(a, b)
  return tf.reshape(made, [...stack, ...made.shape.slice(-2)])
}

export const dense: Mappings = { Gemm: gemm, MatMul: matMul }
