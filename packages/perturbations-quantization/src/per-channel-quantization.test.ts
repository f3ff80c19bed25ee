import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { perChannelQuantization } from './per-channel-quantization.ts'
import { uniformQuantization } from './uniform-quantization.ts'

type Axes = Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>

const quantize = (weights: readonly number[], levels: number, axes: Axes): number[] => [
  ...perChannelQuantization.apply(tensor(axes.weightShape, weights), levels, {
    rng: rngFrom('unused'),
    layer: axes as Layer,
  }).data,
]
const rows = (outputs: number, inputs: number): Axes => ({
  op: 'Gemm',
  weightShape: [outputs, inputs],
  outputAxis: 0,
  inputAxis: 1,
  groups: 1,
})

describe('per-channel-quantization', () => {
  conformance(perChannelQuantization, it)

  it('gives each output channel its own step', () => {
    // Three levels: steps 4 and 0.5.
    expect(quantize([4, 1.9, 2, -2.1, 0.5, 0.2, 0.25, -0.3], 3, rows(2, 4))).toEqual([4, 0, 4, -4, 0.5, 0, 0.5, -0.5])
  })

  it('finds the channels of a matrix that is stored the other way round', () => {
    const columns: Axes = { op: 'MatMul', weightShape: [2, 2], outputAxis: 1, inputAxis: 0, groups: 1 }
    expect(quantize([4, 0.5, 1.9, 0.3], 3, columns)).toEqual([4, 0.5, 0, 0.5])
  })

  it('finds the channels of a grouped transposed convolution by the group of their input', () => {
    // Two groups of one input and one output channel each: the output axis has length 1, and yet there are two channels.
    const grouped: Axes = { op: 'ConvTranspose', weightShape: [2, 1, 2], outputAxis: 1, inputAxis: 0, groups: 2 }
    expect(quantize([4, 1.9, 0.5, 0.3], 3, grouped)).toEqual([4, 0, 0.5, 0.5])
  })

  it('leaves a channel of zeros alone', () => {
    expect(quantize([0, 0, 1, 0.2], 3, rows(2, 2))).toEqual([0, 0, 1, 0])
  })

  it('is uniform quantization of each channel alone', () => {
    const row = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 3, max: 256 }), (matrix, levels) => {
        const context = { rng: rngFrom('unused'), layer: {} as Layer }
        const alone = matrix.flatMap((values) => [
          ...uniformQuantization.apply(tensor([4], values), levels, context).data,
        ])
        expect(quantize(matrix.flat(), levels, rows(matrix.length, 4))).toEqual(alone)
      }),
    )
  })

  it.each([2, 1, 3.5, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels, rows(1, 1))).toThrow(RangeError)
  })
})
