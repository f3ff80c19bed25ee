import * as tf from '@tensorflow/tfjs'
import type { Objective } from '@loadbearing/core'
import { logSoftmax } from './log-softmax.ts'

/** Of every example, [n], from its logits, [n, classes]. */
export type ObjectiveOfLogits = (logits: tf.Tensor2D) => tf.Tensor1D

/** @param own gives the logits of the network with its own weights, which nothing is differentiated through */
export function objectiveOf(objective: Objective, labels: Int32Array, own: () => tf.Tensor2D): ObjectiveOfLogits {
  if (objective === 'logit-sum') return (logits) => tf.sum(logits, 1)
  if (objective === 'divergence') {
    const logP = logSoftmax(own())
    return (logits) => tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logSoftmax(logits))), 1)
  }
  const chosen = typeof objective === 'string' ? labels : new Int32Array(labels.length).fill(objective.logit)
  return (logits) => {
    const isChosen = tf.cast(tf.oneHot(tf.tensor1d(chosen, 'int32'), logits.shape[1]), 'float32')
    if (objective !== 'loss') return tf.sum(tf.mul(isChosen, logits), 1)
    return tf.neg(tf.sum(tf.mul(isChosen, logSoftmax(logits)), 1))
  }
}
