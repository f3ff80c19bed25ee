import type { onnx } from 'onnx-proto'
import { expect, it } from 'vitest'
import { type OnnxModel, readModel } from '../src/index.ts'
import { AttributeType, DataType, file, integerAttribute, integers, node, tensor } from './graph-builder.ts'

/** A network that reads a stored tensor on the way to its scores. */
async function reading(stored: onnx.ITensorProto): Promise<OnnxModel> {
  const float = integerAttribute('to', DataType.FLOAT)
  const bytes = file({
    nodes: [
      node('Cast', [stored.name!], 'cast', { attribute: [float] }),
      node('MatMul', ['images', 'weight'], 'made'),
      node('Add', ['made', 'cast'], 'scores'),
    ],
    initializers: [tensor('weight', [4, 3]), stored],
  })
  return readModel(bytes, { name: 'reading' })
}

const bytesOf = (values: ArrayBufferView<ArrayBuffer>): Uint8Array => new Uint8Array(values.buffer)

it.each([
  ['float64', DataType.DOUBLE, bytesOf(Float64Array.of(0.5, -2, 3)), Float32Array.of(0.5, -2, 3)],
  ['float16', DataType.FLOAT16, bytesOf(Uint16Array.of(0x3800, 0xc000, 0x4200)), Float32Array.of(0.5, -2, 3)],
  [
    'int64',
    DataType.INT64,
    bytesOf(BigInt64Array.of(1n, -(2n ** 63n), 2n ** 63n - 1n)),
    Int32Array.of(1, -(2 ** 31), 2 ** 31 - 1),
  ],
  ['int16', DataType.INT16, bytesOf(Int16Array.of(1, -2, 3)), Int32Array.of(1, -2, 3)],
  ['uint8', DataType.UINT8, Uint8Array.of(1, 2, 255), Int32Array.of(1, 2, 255)],
  ['bool', DataType.BOOL, Uint8Array.of(1, 0, 1), Uint8Array.of(1, 0, 1)],
])('hands %s on in one of three types', async (_, dataType, rawData, data) => {
  const model = await reading({ name: 'stored', dims: [3], dataType, rawData })
  expect(model.program().constants.get('stored')).toEqual({ shape: [3], data })
})

it('names what every node does, and leaves out what does not lead to the scores', async () => {
  const perm = { name: 'perm', type: AttributeType.INTS, ints: [1, 0] }
  const value = { name: 'value', type: AttributeType.TENSOR, t: integers('', [0, 3]) }
  const bytes = file({
    nodes: [
      node('Transpose', ['stored'], 'turned', { attribute: [perm] }),
      node('MatMul', ['images', 'turned'], 'made'),
      node('Relu', ['made'], 'aside'),
      node('Constant', [], 'shape', { attribute: [value] }),
      node('Reshape', ['made', 'shape'], 'scores', { attribute: [integerAttribute('allowzero', 0)] }),
    ],
    initializers: [tensor('stored', [3, 4], [1, 2, 3])],
    opset: 14,
  })
  const model = await readModel(bytes, { name: 'turned' })
  const { opset, operations, constants, feeds, stored, weightRead } = model.program()
  expect(opset).toBe(14)
  expect(
    operations.map(({ op, inputs, outputs, attributes }) => [op, inputs, outputs, Object.fromEntries(attributes)]),
  ).toEqual([
    ['Transpose', ['stored'], ['turned'], { perm: [1, 0] }],
    ['MatMul', ['images', 'turned'], ['made'], {}],
    ['Reshape', ['made', 'shape'], ['scores'], { allowzero: 0 }],
  ])
  expect([...constants.keys()].toSorted()).toEqual(['shape', 'stored'])
  expect(constants.get('shape')).toEqual({ shape: [2], data: Int32Array.of(0, 3) })
  const examples = { shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) }
  expect(feeds(examples)).toEqual(new Map([['images', examples]]))
  // The layer reads it turned round; the file has it the other way.
  const [layer] = model.layers
  expect(weightRead(layer!)).toBe('turned')
  expect(stored(layer!, model.weight(layer!))).toEqual(constants.get('stored'))
})
