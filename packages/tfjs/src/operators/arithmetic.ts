import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings } from '../node.ts'
import { Value } from '../value.ts'
import { elementwise } from './activation.ts'

/** The inputs at one rank and in one layout: with channels last where one of them is. */
function aligned(values: readonly Value[]): {
  readonly tensors: tf.Tensor[]
  readonly wrap: (made: tf.Tensor) => Value
} {
  const rank = Math.max(...values.map((value) => value.rank))
  if (!values.some((value) => value.isChannelsLast && value.rank === rank)) {
    return { tensors: values.map((value) => value.plain), wrap: (made) => Value.plain(made) }
  }
  const tensors = values.map((value) => (value.rank === 0 ? value.plain : value.extended(rank).channelsLast))
  return { tensors, wrap: (made) => Value.channelsLast(made) }
}

/** An operator of two tensors, each broadcast to the other. */
function binary(change: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Mapping {
  return () => (inputs) => {
    const { tensors, wrap } = aligned([given(inputs, 0), given(inputs, 1)])
    return wrap(change(tensors[0]!, tensors[1]!))
  }
}

/** An operator of any number of tensors, folded from the left. */
function variadic(change: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Mapping {
  return (node) => (inputs) => {
    const { tensors, wrap } = aligned(node.operation.inputs.map((_, position) => given(inputs, position)))
    return wrap(tensors.reduce((made, next) => change(made, next)))
  }
}

/** Integers divide towards zero; TensorFlow.js's go down. */
function quotient(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(tf.sign(a), tf.sign(b)), tf.floorDiv(tf.abs(a), tf.abs(b)))
}

const where: Mapping = () => (inputs) => {
  const { tensors, wrap } = aligned([given(inputs, 0), given(inputs, 1), given(inputs, 2)])
  return wrap(tf.where(tf.cast(tensors[0]!, 'bool'), tensors[1]!, tensors[2]!))
}

export const arithmetic: Mappings = {
  Add: binary((a, b) => tf.add(a, b)),
  Sub: binary((a, b) => tf.sub(a, b)),
  Mul: binary((a, b) => tf.mul(a, b)),
  Div: binary((a, b) => (a.dtype === 'int32' ? quotient(a, b) : tf.div(a, b))),
  // The exponent may be of another type than what it is an exponent of.
  Pow: binary((a, b) => tf.pow(a, tf.cast(b, a.dtype))),
  Sqrt: elementwise((x) => tf.sqrt(x)),
  Neg: elementwise((x) => tf.neg(x)),
  Abs: elementwise((x) => tf.abs(x)),
  Exp: elementwise((x) => tf.exp(x)),
  Log: elementwise((x) => tf.log(x)),
  Reciprocal: elementwise((x) => tf.reciprocal(x)),
  Min: variadic((a, b) => tf.minimum(a, b)),
  Max: variadic((a, b) => tf.maximum(a, b)),
  Sum: variadic((a, b) => tf.add(a, b)),
  Where: where,
  Equal: binary((a, b) => tf.equal(a, b)),
  Greater: binary((a, b) => tf.greater(a, b)),
  Less: binary((a, b) => tf.less(a, b)),
  Not: elementwise((x) => tf.logicalNot(tf.cast(x, 'bool'))),
}
