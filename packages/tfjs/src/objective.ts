import * as tf from '@tensorflow/tfjs'
import type { Objective } from '@loadbearing/core'
import { logSoftmax } from './log-softmax.ts'

/** The objective of every example: [n]. @param logits [n, classes] */
export function objectiveOf(logits: tf.Tensor2D, labels: Int32Array, objective: Objective): tf.Tensor1D {
  if (objective === 'logit-sum') return tf.sum(logits, 1)
  const classes = logits.shape[1]
  const chosen = typeof objective === 'string' ? labels : new Int32Array(labels.length).fill(objective.logit)
  const isChosen = tf.cast(tf.oneHot(tf.tensor1d(chosen, 'int32'), classes), 'float32')
  if (objective !== 'loss') return tf.sum(tf.mul(isChosen, logits), 1)
  return tf.neg(tf.sum(tf.mul(isChosen, logSoftmax(logits)), 1))
}
