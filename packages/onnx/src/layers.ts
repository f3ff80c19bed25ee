import { type Layer, sizeOf } from '@loadbearing/core'
import type { ActivationType } from './cut.ts'
import type { WeightUse } from './weights.ts'
import { windowOf } from './windows.ts'

/** Says of a weight and the nodes that use it what core calls a layer. */
export function describeLayer(
  name: string,
  [first, ...others]: readonly [WeightUse, ...WeightUse[]],
  weightShape: readonly number[],
  depth: number,
  types: ReadonlyMap<string, ActivationType>,
): Layer {
  const uses = [first, ...others]
  const inputShape = exampleShape(types.get(first.data)!)
  const outputShape = exampleShape(types.get(first.made)!)
  const window = windowOf(first, weightShape, inputShape, outputShape)
  return {
    name,
    op: first.op,
    nodes: uses.map(({ node }) => node.name),
    depth,
    weightShape,
    outputAxis: first.outputAxis,
    inputAxis: first.inputAxis,
    groups: first.groups,
    parameters: sizeOf(weightShape),
    macs: uses.reduce((total, use) => total + multiplyAccumulates(use, weightShape, types), 0),
    inputShape,
    outputShape,
    ...(window && { window }),
  }
}

/** The axis of the batch is left out, wherever it is; one that holds the batch among others stays, at its size for one example. */
function exampleShape({ atOne, batchAxis }: ActivationType): number[] {
  return atOne.filter((_, axis) => axis !== batchAxis)
}

/**
 * Each output is a sum over one filter (Conv) or one row or column of the matrix (Gemm, MatMul);
 * of a transposed convolution, each input spreads over one filter.
 */
function multiplyAccumulates(
  { op, data, made, inputAxis, outputAxis }: WeightUse,
  weightShape: readonly number[],
  types: ReadonlyMap<string, ActivationType>,
): number {
  const values = (tensor: string): number => sizeOf(types.get(tensor)!.atOne)
  switch (op) {
    case 'Conv':
      return values(made) * (sizeOf(weightShape) / weightShape[outputAxis]!)
    case 'ConvTranspose':
      return values(data) * (sizeOf(weightShape) / weightShape[inputAxis]!)
    case 'Gemm':
    case 'MatMul':
      return values(made) * weightShape[inputAxis]!
  }
}
