import * as tf from '@tensorflow/tfjs'

/**
 * What a node of the graph makes. ONNX puts channels in front of the places (plain), TensorFlow.js convolves with channels last; a
 * value is kept in the layout it was made in, and brought into the other one when a node asks for it.
 */
export class Value {
  readonly #layouts: { plain?: tf.Tensor; channelsLast?: tf.Tensor }
  readonly shape: readonly number[]
  readonly isChannelsLast: boolean

  private constructor(layouts: { plain?: tf.Tensor; channelsLast?: tf.Tensor }, shape: readonly number[]) {
    this.#layouts = layouts
    this.shape = shape
    this.isChannelsLast = layouts.channelsLast !== undefined
  }

  static plain(tensor: tf.Tensor): Value {
    return new Value({ plain: tensor }, tensor.shape)
  }

  /** @param tensor [n, places…, channels] */
  static channelsLast(tensor: tf.Tensor): Value {
    const { shape } = tensor
    return new Value({ channelsLast: tensor }, [shape[0], shape.at(-1)!, ...shape.slice(1, -1)])
  }

  get rank(): number {
    return this.shape.length
  }

  /** The tensor as ONNX has it. */
  get plain(): tf.Tensor {
    const { channelsLast } = this.#layouts
    this.#layouts.plain ??= tf.transpose(channelsLast!, channelsToFront(this.rank))
    return this.#layouts.plain
  }

  /** The tensor as [n, places…, channels]. */
  get channelsLast(): tf.Tensor {
    this.#layouts.channelsLast ??= tf.transpose(this.plain, channelsToBack(this.rank))
    return this.#layouts.channelsLast
  }

  /** The tensor in the layout it was made in. */
  get own(): tf.Tensor {
    return this.isChannelsLast ? this.channelsLast : this.plain
  }

  /** What an operator that treats every element alike makes of it, in the same layout. */
  map(change: (tensor: tf.Tensor) => tf.Tensor): Value {
    return this.isChannelsLast ? Value.channelsLast(change(this.channelsLast)) : Value.plain(change(this.plain))
  }

  /** With axes of one in front, up to a rank. */
  extended(rank: number): Value {
    if (rank === this.rank) return this
    return Value.plain(tf.reshape(this.plain, [...Array<number>(rank - this.rank).fill(1), ...this.shape]))
  }
}

/** Where an axis of the plain layout lies with channels last. */
export function axisChannelsLast(axis: number, rank: number): number {
  return axis === 0 ? 0 : axis === 1 ? rank - 1 : axis - 1
}

function channelsToFront(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]
}

function channelsToBack(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]
}

const read = new WeakMap<tf.Tensor, readonly number[]>()

/** The numbers of a tensor that tells a node what to do: a shape, axes, an end. Of a constant, they are read once. */
export function numbersOf(value: Value): readonly number[] {
  const known = read.get(value.plain) ?? [...value.plain.dataSync()]
  read.set(value.plain, known)
  return known
}
