import * as tf from '@tensorflow/tfjs'
import type { Inputs } from './node.ts'

/** A linear function of what stands in for the inputs of a node. */
export type Linear = (standIns: Inputs) => tf.Tensor

/** Where the slope between two points is taken in the middle, as a share of their magnitudes: closer, rounding would decide it. */
const closeness = 1e-3

/**
 * A value on its way from a baseline to an example, as a linear function of what stands in for the inputs of its node, whose slopes
 * give back exactly what it changes: Δy = Σ slope · Δx.
 */
export class Change {
  readonly example: tf.Tensor
  readonly baseline: tf.Tensor
  readonly standIn: Linear

  constructor(example: tf.Tensor, baseline: tf.Tensor, standIn: Linear) {
    this.example = example
    this.baseline = baseline
    this.standIn = standIn
  }

  /** Half way. */
  get middle(): tf.Tensor {
    return tf.mul(0.5, tf.add(this.example, this.baseline))
  }

  /** What a function makes of it that is linear, or would be but for a constant. */
  linear(made: (x: tf.Tensor) => tf.Tensor): Change {
    return new Change(made(this.example), made(this.baseline), (standIns) => made(this.standIn(standIns)))
  }

  /** What a function of every number for itself makes of it: its slope between the two (the rescale rule). */
  through(made: (x: tf.Tensor) => tf.Tensor): Change {
    const [example, baseline] = [made(this.example), made(this.baseline)]
    const slope = tf.tidy(() => {
      const step = tf.sub(this.example, this.baseline)
      const isClose = tf.lessEqual(tf.abs(step), tf.mul(closeness, tf.add(tf.abs(this.example), tf.abs(this.baseline))))
      const between = tf.div(tf.sub(example, baseline), tf.where(isClose, tf.onesLike(step), step))
      return tf.where(isClose, tf.grad(made)(this.middle), between)
    })
    return new Change(example, baseline, (standIns) => tf.mul(slope, this.standIn(standIns)))
  }

  /** What a product of both makes of them: of either the mean of the other, which is what it adds in the mean of both orders. */
  times(other: Change, product: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor = tf.mul): Change {
    const [its, others] = [this.middle, other.middle]
    return new Change(product(this.example, other.example), product(this.baseline, other.baseline), (standIns) =>
      tf.add(product(this.standIn(standIns), others), product(its, other.standIn(standIns))),
    )
  }
}
