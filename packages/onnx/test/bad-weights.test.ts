import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { DataLocation, DataType, file, node, proto, tensor } from './graph-builder.ts'

const exportAgain = 'Export or download the model again.'
const nothingToLose = 'A network with NaN or infinite weights has nothing to lose. Train or export it again.'

const bad: Record<string, { initializer: onnx.ITensorProto; message: string; hint: string }> = {
  NaN: {
    initializer: tensor('weight', [4, 3], [1, 2, 3, NaN]),
    message: "The tensor 'weight' holds NaN at position 3.",
    hint: nothingToLose,
  },
  'an infinite value': {
    initializer: tensor('weight', [4, 3], [1, -Infinity]),
    message: "The tensor 'weight' holds -Infinity at position 1.",
    hint: nothingToLose,
  },
  'fewer values than its shape says': {
    initializer: { ...tensor('weight', [4, 2]), dims: [4, 3] },
    message: "The tensor 'weight' of shape [4, 3] has 8 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'more values than its shape says': {
    initializer: { ...tensor('weight', [4, 4]), dims: [4, 3] },
    message: "The tensor 'weight' of shape [4, 3] has 16 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'fewer numbers than its shape says': {
    initializer: { name: 'weight', dims: [4, 3], dataType: DataType.FLOAT, floatData: [1, 2] },
    message: "The tensor 'weight' of shape [4, 3] has 2 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'part of a value': {
    initializer: { ...tensor('weight', [4, 3]), rawData: new Uint8Array(47) },
    message: "The tensor 'weight' of shape [4, 3] has 11.75 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'an enormous shape': {
    initializer: { ...tensor('weight', [4, 3]), dims: [1e9, 1e9] },
    message: "The tensor 'weight' of shape [1000000000, 1000000000] has 12 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'a negative shape': {
    initializer: { ...tensor('weight', [4, 3]), dims: [-4, -3] },
    message: "The tensor 'weight' of shape [-4, -3] has 12 values: the file is damaged or cut off.",
    hint: exportAgain,
  },
  'values in another file': {
    initializer: {
      name: 'weight',
      dims: [4, 3],
      dataType: DataType.FLOAT,
      dataLocation: DataLocation.EXTERNAL,
      externalData: [{ key: 'location', value: 'model.onnx.data' }],
    },
    message: "The tensor 'weight' of bad lies in the file 'model.onnx.data', which was not given.",
    hint: 'Keep that file beside the model, or save the model as one file: onnx.save(model, path, save_as_external_data=False).',
  },
}

describe('a weight is refused that has', () => {
  it.each(Object.entries(bad))('%s', async (_, { initializer, message, hint }) => {
    await expect(readModel(file({ initializers: [initializer] }), { name: 'bad' })).rejects.toMatchObject({
      code: 'model',
      message,
      hint,
    })
  })
})

describe('beside the weights', () => {
  const withBias = (bias: onnx.ITensorProto): Uint8Array =>
    file({
      nodes: [node('Gemm', ['images', 'weight', 'bias'], 'scores')],
      initializers: [tensor('weight', [4, 3]), bias],
    })

  it('NaN is refused', async () => {
    await expect(readModel(withBias(tensor('bias', [3], [0, NaN])), { name: 'bad' })).rejects.toMatchObject({
      code: 'model',
      message: "The tensor 'bias' holds NaN at position 1.",
      hint: nothingToLose,
    })
  })

  it('an infinite value is allowed, as masks hold it', async () => {
    const { leftOut } = await readModel(withBias(tensor('bias', [3], [0, -Infinity])), { name: 'masked' })
    expect(leftOut).toMatchObject([{ name: 'bias', parameters: 3, reason: "bias of Gemm 'scores_node'" }])
  })
})

it('sparse weights are refused', async () => {
  const model = proto.ModelProto.decode(file({ initializers: [] }))
  model.graph!.sparseInitializer = [{ values: { ...tensor('weight', [2]) }, dims: [4, 3] }]
  await expect(readModel(proto.ModelProto.encode(model).finish(), { name: 'bad' })).rejects.toMatchObject({
    code: 'model',
    message: 'bad holds sparse tensors, which are not read yet.',
    hint: 'Export the model with dense weights.',
  })
})
