import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings, positive } from '../node.ts'
import { axisChannelsLast, numbersOf, Value } from '../value.ts'

/** A reduction over axes that are an attribute in older opsets and an input in newer ones. */
function reduction(reduce: (x: tf.Tensor, axes: number[]) => tf.Tensor): Mapping {
  return (node) => (inputs) => {
    const x = given(inputs, 0)
    const named = inputs[1] ? numbersOf(inputs[1]) : (node.numbers('axes') ?? [])
    if (named.length === 0 && node.number('noop_with_empty_axes', 0) !== 0) return x
    const axes = named.length > 0 ? positive(named, x.rank) : x.shape.map((_, axis) => axis)
    const kept = x.isChannelsLast
      ? Value.channelsLast(
          reduce(
            x.channelsLast,
            axes.map((axis) => axisChannelsLast(axis, x.rank)),
          ),
        )
      : Value.plain(reduce(x.plain, axes))
    if (node.number('keepdims', 1) !== 0) return kept
    return Value.plain(
      tf.reshape(
        kept.plain,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      ),
    )
  }
}

/** TensorFlow compares no booleans. */
function ordered(x: tf.Tensor, reduce: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return x.dtype === 'bool' ? tf.cast(reduce(tf.cast(x, 'int32')), 'bool') : reduce(x)
}

/** Factor by factor: TensorFlow.js's own product has no second gradient. */
function product(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return axes.reduce(
    (made, axis) => tf.split(made, made.shape[axis]!, axis).reduce((some, next) => tf.mul(some, next)),
    x,
  )
}

export const reductions: Mappings = {
  ReduceMean: reduction((x, axes) => tf.mean(x, axes, true)),
  ReduceSum: reduction((x, axes) => tf.sum(x, axes, true)),
  ReduceMax: reduction((x, axes) => ordered(x, (each) => tf.max(each, axes, true))),
  ReduceMin: reduction((x, axes) => ordered(x, (each) => tf.min(each, axes, true))),
  ReduceProd: reduction((x, axes) => product(x, axes)),
  ReduceL1: reduction((x, axes) => tf.sum(tf.abs(x), axes, true)),
  ReduceL2: reduction((x, axes) => tf.sqrt(tf.sum(tf.square(x), axes, true))),
  ReduceSumSquare: reduction((x, axes) => tf.sum(tf.square(x), axes, true)),
  ReduceLogSum: reduction((x, axes) => tf.log(tf.sum(x, axes, true))),
  ReduceLogSumExp: reduction((x, axes) => tf.logSumExp(x, axes, true)),
}
