import { describe, expect, it } from 'vitest'
import { layerOf } from './example-network.ts'
import { filtersOf, outputChannelsOf } from './output-channels.ts'
import { sizeOf, tensor } from './tensor.ts'

const layer = (weightShape: number[], more: Partial<ReturnType<typeof layerOf>> = {}) => ({
  ...layerOf(tensor(weightShape, new Float32Array(sizeOf(weightShape)))),
  groups: 1,
  ...more,
})
const all = (its: ReturnType<typeof layer>): number[] =>
  Array.from({ length: sizeOf(its.weightShape) }, (_, place) => outputChannelsOf(its).of(place))

describe('the output channel of a weight', () => {
  it('runs along the axis, wherever that is', () => {
    expect(all(layer([2, 3]))).toEqual([0, 0, 0, 1, 1, 1])
    expect(all(layer([2, 3], { outputAxis: 1, inputAxis: 0 }))).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('of a grouped transposed convolution is told by the input channel, too', () => {
    // [inputs, outputs of a group, kernel]: inputs 0 and 1 are of the first group, 2 and 3 of the second.
    const its = layer([4, 2, 1], { op: 'ConvTranspose', groups: 2, outputAxis: 1, inputAxis: 0 })
    expect(outputChannelsOf(its).count).toBe(4)
    expect(all(its)).toEqual([0, 1, 0, 1, 2, 3, 2, 3])
  })
})

describe('the filter of a weight', () => {
  it('is its output channel, and in a stack of matrices that of its own matrix', () => {
    const its = layer([2, 2, 3], { op: 'MatMul', outputAxis: 2, inputAxis: 1 })
    expect(filtersOf(its).count).toBe(6)
    const filters = Array.from({ length: 12 }, (_, place) => filtersOf(its).of(place))
    expect(filters).toEqual([0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    expect(filtersOf(layer([2, 3])).count).toBe(2)
  })
})
