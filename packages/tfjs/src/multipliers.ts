import * as tf from '@tensorflow/tfjs'
import { ModelError } from '@loadbearing/core'
import { Change } from './change.ts'
import type { Instead } from './graph.ts'
import { type Inputs, type Node, type Run } from './node.ts'
import { rowsOf } from './operators/activation.ts'
import { product } from './operators/dense.ts'
import { epsilonOf, normalizedAxes } from './operators/normalization.ts'
import { lowest, maximumWindows, shapedAs, type Windowed } from './operators/pooling.ts'
import { Value } from './value.ts'

/** Makes of what a node reads what stands in for what it makes. */
type StandIn = (inputs: Inputs) => Value

interface Reading {
  readonly node: Node
  readonly run: Run
  /** What the node reads, and the same where the network reads the baseline. */
  readonly example: Inputs
  readonly baseline: Inputs
}

type Rule = (reading: Reading) => StandIn

/** What a node does depends on the shapes of these alone. */
const ofShapes = new Set(['Shape', 'Size'])

/** Linear, but for a constant, in all that they read together. */
const linear = new Set(['Add', 'Sub', 'Sum', 'Concat'])

/** Linear, but for a constant, in what they read first. */
const linearInFirst = new Set(
  `Identity Dropout Neg Reshape Flatten Transpose Squeeze Unsqueeze Expand Tile Slice Split Pad Gather Cast Resize Conv ConvTranspose
  Gemm BatchNormalization AveragePool GlobalAveragePool ReduceMean ReduceSum Div`.split(/\s+/),
)

/** Functions of every number of what they read first. */
const functions = new Set(
  `Relu LeakyRelu PRelu Elu Clip Sigmoid HardSigmoid HardSwish Softplus Tanh Erf Gelu Sqrt Abs Exp Log Reciprocal Pow`.split(
    /\s+/,
  ),
)

/** Linear in each of the two that they read. */
const products: Readonly<Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = { Mul: tf.mul, MatMul: product }

const plain = (change: Change): StandIn => {
  return (inputs) => Value.plain(change.standIn(inputs))
}

/** What a node reads at a position. */
function changeAt({ example, baseline }: Reading, position: number): Change {
  return new Change(example[position]!.plain, baseline[position]!.plain, (standIns) => standIns[position]!.plain)
}

/** exp(x) / Σ exp(x), taken apart into functions of one number, a sum and a product. */
const softmax: Rule = (reading) => {
  const x = changeAt(reading, 0)
  const { toRows, fromRows } = rowsOf(reading.node, x.example.shape)
  const rows = x.linear(toRows)
  const largest = tf.max(tf.maximum(rows.example, rows.baseline), -1, true)
  const powers = rows.through((each) => tf.exp(tf.sub(each, largest)))
  const total = powers.linear((each) => tf.sum(each, -1, true))
  return plain(powers.times(total.through((each) => tf.reciprocal(each))).linear(fromRows))
}

/** (x − mean) / √(variance + ε), in the same way. */
const layerNormalization: Rule = (reading) => {
  const { node, example } = reading
  const x = changeAt(reading, 0)
  const axes = normalizedAxes(node, x.example.rank)
  const centred = x.linear((each) => tf.sub(each, tf.mean(each, axes, true)))
  const variance = centred.through((each) => tf.square(each)).linear((each) => tf.mean(each, axes, true))
  const scaled = centred.times(variance.through((each) => tf.rsqrt(tf.add(each, epsilonOf(node)))))
  return plain(scaled.linear((each) => tf.mul(each, example[1]!.plain)))
}

const quotient: Rule = (reading) => {
  return plain(changeAt(reading, 0).times(changeAt(reading, 1).through((each) => tf.reciprocal(each))))
}

/**
 * Every place of a window has the share of the straight way from the baseline to the example on which it holds the maximum. DeepLIFT's
 * paper is silent; Captum gives what is lost to the place that holds the baseline's maximum, which of a constant map is any.
 */
const maximum: Rule = ({ node, example, baseline }) => {
  const windows = maximumWindows(node)
  const ends = [windows(example[0]!, lowest), windows(baseline[0]!, lowest)] as const
  const shares = tf.tidy(() => {
    const [to, from] = [tapsOf(ends[0]), tapsOf(ends[1])]
    const steps = to.map((tap, j) => tf.sub(tap, from[j]!))
    return steps.map((step, j) => {
      let [start, end]: [tf.Tensor, tf.Tensor] = [tf.zerosLike(step), tf.onesLike(step)]
      for (const [i, other] of steps.entries()) {
        if (i === j) continue
        // It is above the other where ahead + α faster > 0.
        const [ahead, faster] = [tf.sub(from[j]!, from[i]!), tf.sub(step, other)]
        const crossing = tf.div(tf.neg(ahead), tf.where(tf.equal(faster, 0), tf.onesLike(faster), faster))
        const isAhead = i < j ? tf.greater(ahead, 0) : tf.greaterEqual(ahead, 0)
        const never = tf.logicalAnd(tf.equal(faster, 0), tf.logicalNot(isAhead))
        start = tf.where(tf.greater(faster, 0), tf.maximum(start, crossing), start)
        end = tf.where(tf.less(faster, 0), tf.minimum(end, crossing), tf.where(never, tf.zerosLike(end), end))
      }
      return tf.relu(tf.sub(end, start))
    })
  })
  return (inputs) => {
    const taps = tapsOf(windows(inputs[0]!, 0))
    return shapedAs(tf.addN<tf.Tensor4D>(taps.map((tap, j) => tf.mul(tap, shares[j]!))), inputs[0]!.rank)
  }
}

/** What windows read, tap by tap: [n, rows, columns, channels] each. */
function tapsOf({ images, size, strides }: Windowed): tf.Tensor[] {
  const places = (axis: 0 | 1, first: number): tf.Tensor1D => {
    const count = Math.floor((images.shape[axis + 1]! - size[axis]) / strides[axis]) + 1
    return tf.tensor1d(
      Array.from({ length: count }, (_, i) => first + i * strides[axis]),
      'int32',
    )
  }
  return Array.from({ length: size[0] * size[1] }, (_, tap) => {
    const rows = tf.gather(images, places(0, Math.floor(tap / size[1])), 1)
    return tf.gather(rows, places(1, tap % size[1]), 2)
  })
}

/**
 * @param moves positions of what depends on the layers
 * @returns undefined where the node's own derivative is right
 * @throws ModelError where there is no rule for it
 */
function ruleOf({ operation: { op, name, outputs } }: Node, moves: readonly number[], model: string): Rule | undefined {
  const isFirst = moves.join() === '0'
  if (linear.has(op) || (isFirst && linearInFirst.has(op))) return undefined
  if (isFirst && functions.has(op)) {
    return (reading) => {
      const rest = reading.example.slice(1)
      const made = (x: tf.Tensor): tf.Tensor => (reading.run([Value.plain(x), ...rest]) as Value).plain
      return plain(changeAt(reading, 0).through(made))
    }
  }
  const product = products[op]
  if (product && moves.length === 1) return undefined
  if (product) return (reading) => plain(changeAt(reading, 0).times(changeAt(reading, 1), product))
  if (op === 'Where' && !moves.includes(0)) return undefined
  if (op === 'Div') return quotient
  if (op === 'Softmax') return softmax
  if (op === 'LayerNormalization' && isFirst && outputs.length === 1) return layerNormalization
  if (op === 'MaxPool') return maximum
  throw new ModelError(`${model} has a node whose slope between two inputs has no rule here: '${name}' (${op}).`)
}

/**
 * Runs that put in every node's place one that is linear in what depends on certain tensors, with slopes between what it reads of a
 * baseline and of an example.
 *
 * @param from names of these tensors
 * @param baseline every tensor of the network where it reads the baseline
 * @returns `prepare` is for a run on the example, and works out the slopes; `instead` for the run that is differentiated
 */
export function betweenBoth(
  from: ReadonlySet<string>,
  baseline: ReadonlyMap<string, Value>,
  model: string,
): { readonly prepare: Instead; readonly instead: Instead } {
  const moving = new Set(from)
  const standIns = new Map<Node, StandIn>()
  return {
    prepare: (node, run) => {
      const { op, inputs: read, outputs } = node.operation
      const moves = read.flatMap((input, position) => (moving.has(input) ? [position] : []))
      if (moves.length === 0 || ofShapes.has(op)) return run
      for (const output of outputs) moving.add(output)
      const rule = ruleOf(node, moves, model)
      if (rule === undefined) return run
      return (example) => {
        const before = read.map((input, position) => baseline.get(input) ?? example[position])
        standIns.set(node, rule({ node, run, example, baseline: before }))
        return run(example)
      }
    },
    instead: (node, run) => standIns.get(node) ?? run,
  }
}
