import type { Layer, Tensor } from '@loadbearing/core'
import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { type Filter, filtersByGroup } from './filters.ts'

/**
 * The singular values of a layer's weight as a matrix of a row an output channel (`filtersByGroup` says how), largest
 * first; zeros among them. Those of a grouped convolution are those of its block-diagonal matrix, the groups' together:
 * a depthwise convolution has the norms of its filters.
 *
 * They are the weight's. Those of the linear map that a convolution makes of it depend on size, stride and padding as
 * well.
 *
 * @returns NaN alone where a weight is not finite: the decomposition might never end
 */
export function singularValues(layer: Layer, weight: Tensor): readonly number[] {
  if (!weight.data.every(Number.isFinite)) return [NaN]
  return filtersByGroup(layer, weight)
    .flatMap(singularValuesOf)
    .sort((a, b) => b - a)
}

function singularValuesOf(rows: readonly Filter[]): readonly number[] {
  if (rows.length === 1) return [Math.sqrt(rows[0]!.reduce((sum, w) => sum + w * w, 0))]
  return new SingularValueDecomposition(new Matrix(rows.map((row) => [...row])), {
    autoTranspose: true,
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  }).diagonal
}
