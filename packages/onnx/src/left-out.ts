import { sizeOf } from '@loadbearing/core'
import type { Graph, GraphNode } from './graph.ts'
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
 * Every tensor of a learned type that makes no layer, with the reason; numbers that stand in the network's code are left out.
 *
 * @param layers names of the weights that do
 * @param weights names of all tensors that layers could be made of: other types, and parts of the graph that never reach the output
 * @param constant nodes that depend on no input of the graph
 */
export function leftOut(
  graph: Graph,
  stored: ReadonlyMap<string, StoredTensor>,
  layers: ReadonlySet<string>,
  weights: ReadonlySet<string>,
  constant: ReadonlySet<GraphNode>,
): LeftOut[] {
  const outer = [...new Set(stored.values())]
    .map((tensor) => ({ tensor, reads: readsOfStored(graph, stored, tensor) }))
    .filter(({ tensor, reads }) => !isLiteral(graph, tensor, reads))
    .map(({ tensor, reads }) => ({
      tensor,
      reason: weights.has(tensor.name) ? reasonOfWeight(tensor) : reasonOf(tensor, reads, constant),
    }))
  const inner = graph.nodes.flatMap((node) =>
    nestedTensors(node).map((tensor) => ({ tensor, reason: `lies in a subgraph of ${called(node)}` })),
  )
  return [...outer, ...inner]
    .filter(({ tensor }) => tensor.type !== undefined && !layers.has(tensor.name))
    .map(({ tensor: { name, shape }, reason }) => ({ name, shape, parameters: sizeOf(shape), reason }))
}

/** A node that reads a tensor, and as which of its inputs; −1 where one of its subgraphs does. */
interface Read {
  readonly consumer: GraphNode
  readonly operand: number
}

/** Who reads a stored tensor, itself or behind an Identity. */
function readsOfStored(graph: Graph, stored: ReadonlyMap<string, StoredTensor>, tensor: StoredTensor): Read[] {
  return [...stored]
    .filter(([, each]) => each === tensor)
    .flatMap(([name]) =>
      (graph.consumers.get(name) ?? []).map((consumer) => ({ consumer, operand: consumer.inputs.indexOf(name) })),
    )
    .filter(({ consumer }) => !consumer.outputs.some((output) => stored.has(output)))
}

/**
 * Whether a tensor is a number that stands in the code, as the ½ in GELU or the 6 in ReLU6: the scalar of a Constant node, or the bound of
 * a Clip. An initializer that is a scalar may be learned (a temperature), and so may a Constant of shape [1] (the bias of one output).
 */
function isLiteral(graph: Graph, { name, shape }: StoredTensor, reads: readonly Read[]): boolean {
  if (shape.length === 0 && !graph.initializers.has(name)) return true
  return (
    sizeOf(shape) === 1 &&
    reads.length > 0 &&
    reads.every(({ consumer, operand }) => consumer.op === 'Clip' && operand > 0)
  )
}

function reasonOfWeight({ type }: StoredTensor): string {
  return type === 'float32'
    ? 'its layer does not reach the class scores'
    : `weights of type ${type ?? 'unknown'} cannot be perturbed yet`
}

function reasonOf({ shape }: StoredTensor, [read]: readonly Read[], constant: ReadonlySet<GraphNode>): string {
  if (!read) return 'no node reads it'
  const { consumer, operand } = read
  if (operand === -1) return `read within a subgraph of ${called(consumer)}`
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

function called({ op, name }: GraphNode): string {
  return `${op} '${name}'`
}
