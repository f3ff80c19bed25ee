import * as tf from '@tensorflow/tfjs'
import { given, type Mapping, type Mappings, type Node, positive, Unsupported } from '../node.ts'
import { Value } from '../value.ts'

/** What is added to a variance. */
export const epsilonOf = (node: Node): number => node.number('epsilon', 1e-5)

/** With the stored statistics: x · γ/√(σ² + ε) + (β − μ · γ/√(σ² + ε)). */
const batch: Mapping = (node) => {
  if (node.number('training_mode', 0) !== 0) throw new Unsupported('training_mode')
  if (node.number('spatial', 1) === 0) throw new Unsupported('statistics of every place (spatial = 0)')
  const epsilon = epsilonOf(node)
  return (inputs) => {
    const x = given(inputs, 0)
    const [scale, shift, mean, variance] = [1, 2, 3, 4].map((position) => given(inputs, position).plain) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ]
    const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)))
    const offset = tf.sub(shift, tf.mul(mean, factor))
    const channels = [-1, ...Array<number>(x.isChannelsLast ? 0 : x.rank - 2).fill(1)]
    return x.map((own) => tf.add(tf.mul(own, tf.reshape(factor, channels)), tf.reshape(offset, channels)))
  }
}

/** The axes that a layer's normalization takes its mean and variance over. */
export function normalizedAxes(node: Node, rank: number): number[] {
  const [first] = positive([node.number('axis', -1)], rank) as [number]
  return Array.from({ length: rank - first }, (_, i) => first + i)
}

const layer: Mapping = (node) => {
  const epsilon = epsilonOf(node)
  return (inputs) => {
    const x = given(inputs, 0)
    const axes = normalizedAxes(node, x.rank)
    const mean = tf.mean(x.plain, axes, true)
    const centred = tf.sub(x.plain, mean)
    const variance = tf.mean(tf.square(centred), axes, true)
    const factor = tf.rsqrt(tf.add(variance, epsilon))
    const scaled = tf.mul(tf.mul(centred, factor), given(inputs, 1).plain)
    return [inputs[2] ? tf.add(scaled, inputs[2].plain) : scaled, mean, factor].map((each) => Value.plain(each))
  }
}

export const normalizations: Mappings = { BatchNormalization: batch, LayerNormalization: layer }
