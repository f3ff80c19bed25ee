import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { AttributeType, file, integerAttribute, node, tensor, value } from './graph-builder.ts'

const list = (name: string, ints: readonly number[]): onnx.IAttributeProto => ({
  name,
  type: AttributeType.INTS,
  ints: [...ints],
})
const text = (name: string, s: string): onnx.IAttributeProto => ({
  name,
  type: AttributeType.STRING,
  s: new TextEncoder().encode(s),
})

async function windowOf(op: string, weight: readonly number[], attribute: onnx.IAttributeProto[], space = [7, 8]) {
  const bytes = file({
    inputs: [value('images', ['n', 4, ...space])],
    initializers: [tensor('weight', weight)],
    nodes: [
      node(op, ['images', 'weight'], 'made', { attribute }),
      node('GlobalAveragePool', ['made'], 'pooled'),
      node('Flatten', ['pooled'], 'scores'),
    ],
  })
  return (await readModel(bytes, { name: 'window' })).layers[0]!.window
}

describe('how the kernel of a convolution moves', () => {
  const two = list('strides', [2, 2])

  it.each([
    ['nothing is told', 'Conv', [5, 4, 3, 3], [], [1, 1], [1, 1], [0, 0]],
    ['all is told', 'Conv', [5, 4, 3, 2], [list('strides', [1, 3]), list('dilations', [2, 1]), list('pads', [2, 1, 0, 3])], [1, 3], [2, 1], [2, 1]], // prettier-ignore
    ['nothing is padded', 'Conv', [5, 4, 3, 3], [text('auto_pad', 'VALID')], [1, 1], [1, 1], [0, 0]],
    // 7 rows make 4, which 3 · 2 + 3 rows would: two are missing, one in front; of 8 columns (4 taps) two, one in front.
    ['SAME_UPPER', 'Conv', [5, 4, 3, 4], [text('auto_pad', 'SAME_UPPER'), two], [2, 2], [1, 1], [1, 1]],
    // Two taps a row: one row is missing, behind or, of SAME_LOWER, in front.
    ['one is missing behind', 'Conv', [5, 4, 2, 3], [text('auto_pad', 'SAME_UPPER')], [1, 1], [1, 1], [0, 1]],
    ['one is missing in front', 'Conv', [5, 4, 2, 3], [text('auto_pad', 'SAME_LOWER')], [1, 1], [1, 1], [1, 1]],
    ['it is transposed', 'ConvTranspose', [4, 3, 3, 3], [two, list('pads', [1, 0, 1, 1]), list('output_padding', [1, 1])], [2, 2], [1, 1], [1, 0]], // prettier-ignore
    // 7 rows spread over 6 · 2 + 3 = 15, of which 14 are made; 8 columns over 17, of which 14 are.
    ['a shape is wanted', 'ConvTranspose', [4, 3, 3, 3], [two, list('output_shape', [14, 14])], [2, 2], [1, 1], [1, 2]],
    ['as many as the stride are made', 'ConvTranspose', [4, 3, 3, 3], [two, text('auto_pad', 'SAME_UPPER')], [2, 2], [1, 1], [0, 0]], // prettier-ignore
  ] as const)('where %s', async (_, op, weight, attributes, strides, dilations, pads) => {
    expect(await windowOf(op, weight, [...attributes])).toEqual({ strides, dilations, pads })
  })

  it('over a sequence', async () => {
    const attributes = [list('pads', [1, 0]), list('strides', [2]), integerAttribute('group', 1)]
    expect(await windowOf('Conv', [5, 4, 3], attributes, [9])).toEqual({ strides: [2], dilations: [1], pads: [1] })
  })

  it('is not told of a matrix', async () => {
    expect((await readModel(file(), { name: 'matrix' })).layers[0]).not.toHaveProperty('window')
  })
})
