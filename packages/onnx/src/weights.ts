import type { LayerOp } from '@loadbearing/core'
import { type GraphNode, integerAttribute } from './graph.ts'
import type { View } from './constant-chains.ts'

/** Operators that have a weight among their first two inputs. */
export const layerOperators: ReadonlySet<string> = new Set<LayerOp>(['Conv', 'ConvTranspose', 'Gemm', 'MatMul'])

/** How a node uses a stored tensor as the weight of a layer. */
export interface WeightUse {
  readonly op: LayerOp
  readonly node: GraphNode
  /** Name of the stored tensor, and the name under which the node reads it: another where a Transpose, say, is in between. */
  readonly weight: string
  readonly view: string
  /** Names of the node's other operand, and of what the node makes. */
  readonly data: string
  readonly made: string
  readonly outputAxis: number
  readonly inputAxis: number
  readonly groups: number
}

/**
 * The weight of a layer among a node's inputs, or undefined where the node makes none.
 *
 * @param shapeOf the shape of a view; its axes are those of the layer
 */
export function weightUse(
  node: GraphNode,
  views: ReadonlyMap<string, View>,
  shapeOf: (view: string) => readonly number[],
): WeightUse | undefined {
  const [left = '', right = ''] = node.inputs
  const rank = (operand: string): number => (views.has(operand) ? shapeOf(operand).length : 0)
  const use = (op: LayerOp, operand: string, outputAxis: number, inputAxis: number, groups = 1): WeightUse => ({
    op,
    node,
    weight: views.get(operand)?.stored.name ?? operand,
    view: operand,
    data: operand === right ? left : right,
    made: node.outputs[0] ?? '',
    outputAxis,
    inputAxis,
    groups,
  })
  switch (node.op) {
    case 'Conv':
      return rank(right) >= 3 ? use('Conv', right, 0, 1, integerAttribute(node, 'group', 1)) : undefined
    case 'ConvTranspose':
      return rank(right) >= 3 ? use('ConvTranspose', right, 1, 0, integerAttribute(node, 'group', 1)) : undefined
    case 'Gemm':
      if ((rank(left) === 2) === (rank(right) === 2)) return undefined
      // A is [outputs, inputs] on the left, [inputs, outputs] on the right; transA and transB turn that round.
      if (rank(left) === 2)
        return integerAttribute(node, 'transA', 0) ? use('Gemm', left, 1, 0) : use('Gemm', left, 0, 1)
      return integerAttribute(node, 'transB', 0) ? use('Gemm', right, 0, 1) : use('Gemm', right, 1, 0)
    case 'MatMul': {
      // Leading axes, where there are any, are a stack of matrices.
      const [onLeft, onRight] = [rank(left) >= 2, rank(right) >= 2]
      if (onLeft === onRight) return undefined
      return onLeft
        ? use('MatMul', left, rank(left) - 2, rank(left) - 1)
        : use('MatMul', right, rank(right) - 1, rank(right) - 2)
    }
    default:
      return undefined
  }
}
