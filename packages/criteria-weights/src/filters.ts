import { filtersOf, type Layer, outputChannelsOf, type Tensor } from '@loadbearing/core'

/** The weights that make one output channel: in the order of the tensor, input by input, the kernel within each. */
export type Filter = readonly number[]

/**
 * The filters of a layer, group by group: each group is a matrix of a row an output channel and a column a weight of
 * it.
 *
 * A convolution's weight [outputs, inputs of a group, kernel…] becomes, of each group, outputs × inputs · kernel; a
 * matrix of a dense layer keeps its numbers, with the outputs as rows. Groups stay apart because they read different
 * inputs: together they are a block-diagonal matrix. A depthwise convolution's groups are rows. Of a stack of matrices
 * every one counts as a group.
 */
export function filtersByGroup(layer: Layer, weight: Tensor): readonly (readonly Filter[])[] {
  const { count, of } = filtersOf(layer)
  const filters = Array.from({ length: count }, (): number[] => [])
  weight.data.forEach((w, place) => filters[of(place)]!.push(w))
  const rows = outputChannelsOf(layer).count / layer.groups
  return Array.from({ length: count / rows }, (_, group) => filters.slice(group * rows, (group + 1) * rows))
}
