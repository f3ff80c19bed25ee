import { sizeOf } from '@loadbearing/core'
import type { View } from './constant-chains.ts'
import { type Graph, type GraphNode, isOperator } from './graph.ts'
import { nestedTensors, type StoredTensor } from './tensors.ts'

/** What the file carries that is learned but makes no layer. */
export interface LeftOut {
  readonly name: string
  readonly shape: readonly number[]
  readonly parameters: number
  /** Why it makes no layer. */
  readonly reason: string
}

/**
 * Every tensor of a learned type that makes no layer, with the reason; numbers that stand in the network's code, and the scales
 * and zero points of quantized tensors, are left out.
 *
 * @param layers names of the weights that do
 * @param refused by name, why a weight that a layer could be made of makes none
 * @param constant nodes that depend on no input of the graph
 */
export function leftOut(
  graph: Graph,
  views: ReadonlyMap<string, View>,
  layers: ReadonlySet<string>,
  refused: ReadonlyMap<string, string>,
  constant: ReadonlySet<GraphNode>,
): LeftOut[] {
  const outer = [...readsOfStored(graph, views)]
    .map(([tensor, reads]) => ({ tensor, reads }))
    .filter(({ tensor, reads }) => !isLiteral(graph, tensor, reads))
    .map(({ tensor, reads }) => ({ tensor, reason: refused.get(tensor.name) ?? reasonOf(tensor, reads, constant) }))
  const inner = graph.nodes.flatMap((node) =>
    nestedTensors(node).map((tensor) => ({ tensor, reason: `lies in a subgraph of ${called(node)}` })),
  )
  return [...outer, ...inner]
    .filter(({ tensor }) => tensor.type !== undefined && !layers.has(tensor.name))
    .map(({ tensor: { name, shape }, reason }) => ({ name, shape, parameters: sizeOf(shape), reason }))
}

/** A node that reads a tensor, and as which of its inputs; −1 where one of its subgraphs does. */
export interface Read {
  readonly consumer: GraphNode
  readonly operand: number
}

/** Who reads each stored tensor, itself or behind nodes that change its layout or type. */
export function readsOfStored(graph: Graph, views: ReadonlyMap<string, View>): Map<StoredTensor, readonly Read[]> {
  const reads = new Map<StoredTensor, Read[]>()
  for (const [name, { stored }] of views) {
    const found = (graph.consumers.get(name) ?? [])
      .map((consumer) => ({ consumer, operand: consumer.inputs.indexOf(name) }))
      .filter(({ consumer, operand }) => operand !== 0 || views.get(consumer.outputs[0] ?? '')?.stored !== stored)
    reads.set(stored, [...(reads.get(stored) ?? []), ...found])
  }
  return reads
}

/**
 * Whether a tensor is a number that stands in the code, as the ½ in GELU or the 6 in ReLU6: the scalar of a Constant node, the bound of
 * a Clip, or what says how numbers are quantized. An initializer that is a scalar may be learned (a temperature), and so may a Constant
 * of shape [1] (the bias of one output).
 */
function isLiteral(graph: Graph, { name, shape }: StoredTensor, reads: readonly Read[]): boolean {
  if (shape.length === 0 && !graph.initializers.has(name)) return true
  if (reads.length === 0) return false
  if (reads.every((read) => isQuantization(read))) return true
  return sizeOf(shape) === 1 && reads.every(({ consumer, operand }) => consumer.op === 'Clip' && operand > 0)
}

/** Operators that compute in integers, without ONNX's domain in front, and which inputs are operands rather than scales or zero points. */
const integerOperators: ReadonlyMap<string, readonly number[]> = new Map([
  ['QLinearConv', [0, 3, 8]],
  ['QLinearMatMul', [0, 3]],
  ['ConvInteger', [0, 1]],
  ['MatMulInteger', [0, 1]],
  ['QLinearAdd', [0, 3]],
  ['QLinearMul', [0, 3]],
  ['QGemm', [0, 3, 6]],
  ['DynamicQuantizeMatMul', [0, 1, 4]],
  ['MatMulIntegerToFloat', [0, 1, 6]],
  ['MatMulNBits', [0, 1, 5]],
  ['QAttention', [0, 1, 2]],
])

function integerOperands({ op }: GraphNode): readonly number[] | undefined {
  return integerOperators.get(op.replace(/^com\.microsoft\./, ''))
}

/** Whether a tensor is read as the scale or zero point of a quantized one. */
function isQuantization({ consumer, operand }: Read): boolean {
  if (isOperator(consumer.op, 'QuantizeLinear') || isOperator(consumer.op, 'DequantizeLinear')) return operand > 0
  const operands = integerOperands(consumer)
  return operands !== undefined && operand >= 0 && !operands.includes(operand)
}

/** Nodes that compute in integers with a stored tensor as their weight, in order of execution. */
export function integerWeighted(graph: Graph, views: ReadonlyMap<string, View>): GraphNode[] {
  return graph.nodes.filter((node) =>
    integerOperands(node)?.some((operand) => views.get(node.inputs[operand] ?? '')?.stored.type !== undefined),
  )
}

function reasonOf({ shape, type }: StoredTensor, reads: readonly Read[], constant: ReadonlySet<GraphNode>): string {
  const [read] = reads
  if (!read) return 'no node reads it'
  const { consumer, operand } = read
  if (operand === -1) return `read within a subgraph of ${called(consumer)}`
  if (integerOperands(consumer)?.includes(operand) && !type?.startsWith('float')) {
    return `integer weights of ${called(consumer)} cannot be perturbed`
  }
  switch (consumer.op) {
    case 'Conv':
    case 'ConvTranspose':
    case 'Gemm':
      if (operand === 2) return `bias of ${called(consumer)}`
      break
    case 'BatchNormalization':
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
      return `${['input', 'scale', 'shift', 'running mean', 'running variance'][operand]} of ${called(consumer)}`
    case 'Gather':
      if (operand === 0) return `embedding table of ${called(consumer)}`
      break
    case 'MatMul':
      if (shape.length === 1) return `vector of ${called(consumer)}; a layer's weight is a matrix`
      break
  }
  return constant.has(consumer)
    ? `made into another constant by ${called(consumer)}`
    : `operand of ${called(consumer)}, which is no Conv, ConvTranspose, Gemm or MatMul with this as its weight`
}

/** A node in a sentence. */
export function called({ op, name }: GraphNode): string {
  return `${op} '${name}'`
}
