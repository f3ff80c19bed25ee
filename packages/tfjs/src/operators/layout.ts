import * as tf from '@tensorflow/tfjs'
import { sizeOf } from '@loadbearing/core'
import { given, type Inputs, type Mapping, type Mappings, type Node, positive, Unsupported } from '../node.ts'
import { axisChannelsLast, numbersOf, Value } from '../value.ts'

/** Numbers that are an attribute in older opsets and an input in newer ones. */
function told(node: Node, inputs: Inputs, position: number, name: string): readonly number[] | undefined {
  const value = inputs[position]
  return value ? numbersOf(value) : node.numbers(name)
}

const identity: Mapping = () => (inputs) => given(inputs, 0)

/** When a network is not trained, nothing drops out. */
const dropout: Mapping = (node) => {
  if (node.has(2)) throw new Unsupported('training_mode')
  const isMasked = node.operation.outputs.length > 1
  return (inputs) => {
    const x = given(inputs, 0)
    return isMasked ? [x, Value.plain(tf.ones([...x.shape], 'bool'))] : x
  }
}

const reshape: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const target = told(node, inputs, 1, 'shape') ?? []
  const copies = node.number('allowzero', 0) === 0
  return Value.plain(
    tf.reshape(
      x.plain,
      target.map((size, axis) => (size === 0 && copies ? x.shape[axis]! : size)),
    ),
  )
}

const flatten: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const [axis] = positive([node.number('axis', 1)], x.rank) as [number]
  return Value.plain(tf.reshape(x.plain, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]))
}

const transpose: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0).plain
  return Value.plain(tf.transpose(x, [...(node.numbers('perm') ?? x.shape.map((_, axis) => x.rank - 1 - axis))]))
}

const squeeze: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const named = told(node, inputs, 1, 'axes')
  const axes = named ? positive(named, x.rank) : x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []))
  return Value.plain(
    tf.reshape(
      x.plain,
      x.shape.filter((_, axis) => !axes.includes(axis)),
    ),
  )
}

const unsqueeze: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const named = told(node, inputs, 1, 'axes') ?? []
  const rank = x.rank + named.length
  const axes = positive(named, rank)
  const rest = [...x.shape]
  return Value.plain(
    tf.reshape(
      x.plain,
      Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
    ),
  )
}

const expand: Mapping = () => (inputs) => {
  const x = given(inputs, 0).plain
  const shape = tf.backend_util.assertAndGetBroadcastShape(x.shape, [...numbersOf(given(inputs, 1))])
  return Value.plain(tf.broadcastTo(x, shape))
}

const concat: Mapping = (node) => (inputs) => {
  const values = node.operation.inputs.map((_, position) => given(inputs, position))
  const { rank } = values[0]!
  const [axis] = positive([node.number('axis', 1)], rank) as [number]
  // With a single tensor, TensorFlow.js takes its axis for nothing.
  if (values.length === 1) return values[0]!
  return values.some((value) => value.isChannelsLast)
    ? Value.channelsLast(
        tf.concat(
          values.map((value) => value.channelsLast),
          axisChannelsLast(axis, rank),
        ),
      )
    : Value.plain(
        tf.concat(
          values.map((value) => value.plain),
          axis,
        ),
      )
}

/** The numbers of a Slice along one axis, clamped as ONNX has it: where it starts, and how many it takes. */
function range(size: number, start: number, end: number, step: number): { first: number; count: number } {
  const clamp = (at: number): number => {
    const from = at < 0 ? at + size : at
    return step > 0 ? Math.max(0, Math.min(size, from)) : Math.max(-1, Math.min(size - 1, from))
  }
  const [first, last] = [clamp(start), clamp(end)]
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) }
}

const slice: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const starts = told(node, inputs, 1, 'starts') ?? []
  const ends = told(node, inputs, 2, 'ends') ?? []
  const axes = positive(told(node, inputs, 3, 'axes') ?? starts.map((_, axis) => axis), x.rank)
  const steps = inputs[4] ? numbersOf(inputs[4]) : starts.map(() => 1)
  const begin = x.shape.map(() => 0)
  const size = [...x.shape]
  let made = x.plain
  for (const [i, axis] of axes.entries()) {
    const step = steps[i]!
    const { first, count } = range(x.shape[axis]!, starts[i]!, ends[i]!, step)
    if (step === 1) {
      begin[axis] = first
      size[axis] = count
    } else {
      const taken = Array.from({ length: count }, (_, k) => first + k * step)
      made = tf.gather(made, tf.tensor1d(taken, 'int32'), axis)
      size[axis] = count
    }
  }
  return Value.plain(tf.slice(made, begin, size))
}

const split: Mapping = (node) => (inputs) => {
  const x = given(inputs, 0)
  const [axis] = positive([node.number('axis', 0)], x.rank) as [number]
  const count = node.operation.outputs.length
  const even = Math.ceil(x.shape[axis]! / count)
  const sizes =
    told(node, inputs, 1, 'split') ??
    Array.from({ length: count }, (_, i) => Math.min(even, Math.max(0, x.shape[axis]! - i * even)))
  return tf.split(x.plain, [...sizes], axis).map((part) => Value.plain(part))
}

const pad: Mapping = (node) => {
  const mode = node.text('mode', 'constant')
  if (!['constant', 'reflect', 'edge', 'wrap'].includes(mode)) throw new Unsupported(`mode '${mode}'`)
  return (inputs) => {
    const x = given(inputs, 0)
    const named = told(node, inputs, 1, 'pads') ?? []
    const axes = inputs[3] ? positive(numbersOf(inputs[3]), x.rank) : x.shape.map((_, axis) => axis)
    const value = inputs[2] ? numbersOf(inputs[2])[0]! : node.number('value', 0)
    const around = x.shape.map((): [number, number] => [0, 0])
    for (const [i, axis] of axes.entries()) around[axis] = [named[i]!, named[axes.length + i]!]
    const cut = around.map((sides) => sides.map((side) => Math.max(0, -side)) as [number, number])
    const kept = cut.flat().some((side) => side > 0)
      ? tf.slice(
          x.plain,
          cut.map(([before]) => before),
          x.shape.map((size, axis) => size - cut[axis]![0] - cut[axis]![1]),
        )
      : x.plain
    const more = around.map((sides) => sides.map((side) => Math.max(0, side)) as [number, number])
    if (mode === 'constant') return Value.plain(tf.pad(kept, more, value))
    return Value.plain(
      more.reduce((made, [before, behind], axis) => {
        if (before + behind === 0) return made
        const size = made.shape[axis]!
        const taken = Array.from({ length: before + size + behind }, (_, i) => mirrored(i - before, size, mode))
        return tf.gather(made, tf.tensor1d(taken, 'int32'), axis)
      }, kept),
    )
  }
}

/** Which of `size` places stands at a place beyond them. */
function mirrored(at: number, size: number, mode: string): number {
  if (mode === 'edge') return Math.max(0, Math.min(size - 1, at))
  if (mode === 'wrap') return ((at % size) + size) % size
  const period = Math.max(1, 2 * (size - 1))
  const within = ((at % period) + period) % period
  return within < size ? within : period - within
}

const gather: Mapping = (node) => (inputs) => {
  const [x, indices] = [given(inputs, 0), given(inputs, 1)]
  const [axis] = positive([node.number('axis', 0)], x.rank) as [number]
  const size = x.shape[axis]!
  const places = numbersOf(indices).map((at) => (at < 0 ? at + size : at))
  const [place] = places
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  if (places.length === 1) {
    const begin = x.shape.map((_, each) => (each === axis ? place! : 0))
    const one = x.shape.map((each, i) => (i === axis ? 1 : each))
    return Value.plain(tf.reshape(tf.slice(x.plain, begin, one), shape))
  }
  return Value.plain(tf.reshape(tf.gather(x.plain, tf.tensor1d(places, 'int32'), axis), shape))
}

const tile: Mapping = () => (inputs) => Value.plain(tf.tile(given(inputs, 0).plain, [...numbersOf(given(inputs, 1))]))

export const layouts: Mappings = {
  Identity: identity,
  Dropout: dropout,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Slice: slice,
  Split: split,
  Pad: pad,
  Gather: gather,
}
