import type { Window } from '@loadbearing/core'
import { integersAttribute, textAttribute } from './graph.ts'
import type { WeightUse } from './weights.ts'

/**
 * How the kernel of a convolution moves, its padding worked out where the node leaves that to the shapes; undefined for a matrix.
 *
 * @param inputShape of one example: channels, then the axes of space
 */
export function windowOf(
  { op, node }: Pick<WeightUse, 'op' | 'node'>,
  weightShape: readonly number[],
  inputShape: readonly number[],
  outputShape: readonly number[],
): Window | undefined {
  if (op !== 'Conv' && op !== 'ConvTranspose') return undefined
  const axes = weightShape.slice(2)
  const given = (name: string, otherwise: number): number[] => {
    const values = integersAttribute(node, name)
    return axes.map((_, axis) => values[axis] ?? otherwise)
  }
  const [strides, dilations] = [given('strides', 1), given('dilations', 1)]
  const auto = textAttribute(node, 'auto_pad')
  const isWorkedOut = auto.startsWith('SAME') || (op === 'ConvTranspose' && hasOutputShape(node))
  if (!isWorkedOut) return { strides, dilations, pads: auto === 'VALID' ? axes.map(() => 0) : given('pads', 0) }
  const more = given('output_padding', 0)
  const pads = axes.map((kernel, axis) => {
    const [read, made] = [inputShape[axis + 1]!, outputShape[axis + 1]!]
    const extent = (kernel - 1) * dilations[axis]! + 1
    const [from, to] = op === 'Conv' ? [made, read] : [read, made]
    const all = Math.max(0, (from - 1) * strides[axis]! + extent + (op === 'Conv' ? 0 : more[axis]!) - to)
    return auto === 'SAME_UPPER' ? Math.floor(all / 2) : Math.ceil(all / 2)
  })
  return { strides, dilations, pads }
}

const hasOutputShape = (node: WeightUse['node']): boolean => integersAttribute(node, 'output_shape').length > 0
