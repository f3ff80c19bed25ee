import type { LayerOp } from '@loadbearing/core'
import { type Graph, type GraphNode, integerAttribute } from './graph.ts'
import type { StoredTensor } from './tensors.ts'

/** How a node uses a stored tensor as the weight of a layer. */
export interface WeightUse {
  readonly op: LayerOp
  readonly node: GraphNode
  /** Index of the node's other operand. */
  readonly dataInput: number
  readonly outputAxis: number
  readonly inputAxis: number
  readonly groups: number
}

/** What the file carries that is learned but makes no layer. */
export interface LeftOut {
  readonly name: string
  readonly shape: readonly number[]
  readonly parameters: number
  /** Why it makes no layer. */
  readonly reason: string
}

/** The weight of a layer among a node's inputs, or undefined where the node makes none. */
export function weightUse(
  node: GraphNode,
  stored: ReadonlyMap<string, StoredTensor>,
): (WeightUse & { weight: string }) | undefined {
  const rank = (index: number): number => stored.get(node.inputs[index] ?? '')?.shape.length ?? 0
  const weight = (index: number): string => node.inputs[index] ?? ''
  const use = (index: number, dataInput: number, outputAxis: number, inputAxis: number, groups = 1) => ({
    op: node.op as LayerOp,
    node,
    weight: weight(index),
    dataInput,
    outputAxis,
    inputAxis,
    groups,
  })
  switch (node.op) {
    case 'Conv':
      return rank(1) >= 3 ? use(1, 0, 0, 1, integerAttribute(node, 'group', 1)) : undefined
    case 'ConvTranspose':
      return rank(1) >= 3 ? use(1, 0, 1, 0, integerAttribute(node, 'group', 1)) : undefined
    case 'Gemm': {
      const [left, right] = [rank(0) === 2, rank(1) === 2]
      if (left === right) return undefined
      if (right) return integerAttribute(node, 'transB', 0) ? use(1, 0, 0, 1) : use(1, 0, 1, 0)
      return integerAttribute(node, 'transA', 0) ? use(0, 1, 1, 0) : use(0, 1, 0, 1)
    }
    case 'MatMul': {
      const [left, right] = [rank(0), rank(1)]
      if (left >= 2 === right >= 2) return undefined
      return right >= 2 ? use(1, 0, right - 1, right - 2) : use(0, 1, left - 2, left - 1)
    }
    default:
      return undefined
  }
}

/** Why a learned tensor that `weightUse` did not take makes no layer. */
export function reasonLeftOut(graph: Graph, tensor: StoredTensor, isWeight: boolean): string {
  const [consumer] = graph.consumers.get(tensor.name) ?? []
  if (!consumer) return 'no node reads it'
  if (isWeight && tensor.type !== 'float32')
    return `weights of type ${tensor.type ?? 'unknown'} cannot be perturbed yet`
  const operand = consumer.inputs.indexOf(tensor.name)
  switch (consumer.op) {
    case 'Conv':
    case 'ConvTranspose':
    case 'Gemm':
      return `bias of ${consumer.op} '${consumer.name}'`
    case 'BatchNormalization':
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
      return `${['', 'scale', 'shift', 'running mean', 'running variance'][operand] ?? 'parameter'} of ${consumer.op} '${consumer.name}'`
    case 'Gather':
      return `embedding table of Gather '${consumer.name}'`
    default:
      return `operand of ${consumer.op} '${consumer.name}', which multiplies no activations by it as a layer does`
  }
}
