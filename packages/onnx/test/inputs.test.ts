import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, type OpenInput, readModel } from '../src/index.ts'
import {
  AttributeType,
  DataType,
  file,
  type GraphParts,
  integerAttribute,
  node,
  tensor,
  value,
} from './graph-builder.ts'
import { referenceModels } from './reference-models.ts'

const to = (type: number) => ({ attribute: [integerAttribute('to', type)] })

describe('the layout of the input', () => {
  const layout = async (shape: readonly number[], permutation?: readonly number[]) => {
    const perm = { name: 'perm', type: AttributeType.INTS, ints: [...(permutation ?? [])] }
    const parts: GraphParts = {
      inputs: [value('images', ['n', ...shape])],
      nodes: [
        node(permutation ? 'Transpose' : 'Identity', ['images'], 'turned', permutation ? { attribute: [perm] } : {}),
        node('Flatten', ['turned'], 'flat'),
        node('MatMul', ['flat', 'weight'], 'scores'),
      ],
      initializers: [tensor('weight', [shape.reduce((a, b) => a * b, 1), 2])],
    }
    return (await readModel(file(parts), { name: 'layout' })).input.layout
  }
  const toChannelsFirst = [0, 3, 1, 2]

  it.each([
    ['colours before the image', [3, 8, 9], undefined, 'nchw'],
    ['colours behind the image', [8, 9, 3], undefined, 'nhwc'],
    ['one channel behind the image', [8, 9, 1], toChannelsFirst, 'nhwc'],
    ['an image three pixels wide', [3, 8, 3], undefined, 'nchw'],
    ['an image three pixels wide that is turned round', [3, 8, 3], toChannelsFirst, 'nhwc'],
    ['an image three pixels wide that is turned otherwise', [3, 8, 3], [0, 2, 1, 3], 'nchw'],
    ['seven channels', [7, 8, 9], undefined, 'nchw'],
    ['seven channels that are turned round', [8, 9, 7], toChannelsFirst, 'nhwc'],
    ['features', [12], undefined, 'other'],
    ['a signal', [3, 12], undefined, 'other'],
  ] as const)('of %s', async (_what, shape, permutation, expected) => {
    expect(await layout(shape, permutation)).toBe(expected)
  })
})

describe('open dimensions', () => {
  const parts = {
    inputs: [value('images', ['n', 'length', 4])],
    nodes: [
      node('MatMul', ['images', 'weight'], 'made'),
      node('ReduceMean', ['made'], 'scores', {
        attribute: [{ name: 'axes', type: AttributeType.INTS, ints: [1] }, integerAttribute('keepdims', 0)],
      }),
    ],
  }
  const bytes = file(parts)

  it('get the sizes that are given', async () => {
    const model = await readModel(bytes, { name: 'open', inputShape: [5, 4] })
    expect(model.input).toMatchObject({ shape: [5, 4], batch: undefined })
    expect(model.layers).toMatchObject([{ macs: 5 * 4 * 3, inputShape: [5, 4], outputShape: [5, 3] }])
    const network = await openNetwork(model, bytes)
    const scores = await network.run({ shape: [2, 5, 4], data: new Float32Array(40).fill(1) })
    expect([...scores.data]).toEqual([4, 4, 4, 4, 4, 4])
    await network.release()
  })

  it('are asked for by name where they are open, and only there', async () => {
    const asked: OpenInput[] = []
    const inputShape = async (input: OpenInput) => {
      asked.push(input)
      return [5, 4]
    }
    expect((await readModel(bytes, { name: 'open', inputShape })).input.shape).toEqual([5, 4])
    expect(asked).toEqual([{ name: 'images', sizes: [undefined, 4] }])
    const fixed = file({ ...parts, inputs: [value('images', ['n', 5, 4])] })
    expect((await readModel(fixed, { name: 'fixed', inputShape })).input.shape).toEqual([5, 4])
    expect(asked).toHaveLength(1)
    await expect(readModel(bytes, { name: 'open', inputShape: async () => undefined })).rejects.toThrow(/is open/)
  })

  it.each([[[5, 3]], [[5]], [[0, 4]], [[2.5, 4]]])('are not given %j', async (inputShape) => {
    await expect(readModel(bytes, { name: 'open', inputShape })).rejects.toMatchObject({
      code: 'input',
      message: `The input 'images' of open takes examples of shape [length, 4], not [${inputShape.join(', ')}].`,
      hint: 'Give a shape only for dimensions that the model leaves open.',
    })
  })

  it('may be all: the file declares no shape', async () => {
    const parts = { inputs: [{ name: 'images', type: { tensorType: { elemType: DataType.FLOAT } } }] }
    expect((await readModel(file(parts), { name: 'open', inputShape: [4] })).input.shape).toEqual([4])
  })
})

describe('an input of integers', async () => {
  const bytes = file({
    inputs: [value('images', ['n', 4], DataType.UINT8)],
    nodes: [node('Cast', ['images'], 'cast', to(DataType.FLOAT)), node('MatMul', ['cast', 'weight'], 'scores')],
  })
  const model = await readModel(bytes, { name: 'bytes' })

  it('is fed with integers, exactly', async () => {
    expect(model.input.type).toBe('uint8')
    expect(model.notes).toEqual(["The input 'images' is fed as uint8."])
    const engine = await openSuffixes(model)
    const scores = await engine.advance({ shape: [2, 4], data: new Float32Array([0, 1, 2, 255, 7, 7, 7, 7]) })
    expect([...scores.data]).toEqual([258, 258, 258, 28, 28, 28])
    await engine.release()
  })

  it.each([0.5, -1, 256, NaN])('is not fed with %f', async (wrong) => {
    const network = await openNetwork(model, bytes)
    await expect(network.run({ shape: [1, 4], data: new Float32Array([0, 0, wrong, 0]) })).rejects.toMatchObject({
      code: 'input',
      message: `The network takes integers (uint8) from 0 to 255, not ${wrong} at position 2.`,
      hint: 'Give token ids or bytes as they are, without a scale, mean or deviation.',
    })
    await network.release()
  })
})

describe('a transformer on tokens', async () => {
  const { bytes, images } = (await referenceModels()).find(({ name }) => name === 'tokens')!
  const model = await readModel(bytes, { name: 'tokens' })

  it('is told which inputs are filled, and what a change of its embedding changes', () => {
    expect(model.input).toMatchObject({ name: 'images', type: 'int64', shape: [6], layout: 'other' })
    expect(model.filled).toEqual([
      { name: 'attention_mask', type: 'int64', values: 'ones' },
      { name: 'token_type_ids', type: 'int64', values: 'zeros' },
      { name: 'position_ids', type: 'int64', values: 'positions' },
    ])
    expect(model.notes).toEqual([
      "The input 'images' is fed as int64.",
      "The input 'attention_mask' is filled with ones.",
      "The input 'token_type_ids' is filled with zeros.",
      "The input 'position_ids' is filled with positions from 0.",
      "The weight 'words' is also read by Gather 'embedded_node': what perturbs the layer changes that, too.",
    ])
  })

  it('takes no ids that float32 cannot hold', async () => {
    const network = await openNetwork(model, bytes)
    const data = images.data.slice(0, 6)
    data[1] = 2 ** 24 + 2
    await expect(network.run({ shape: [1, 6], data })).rejects.toMatchObject({
      code: 'input',
      message: 'The network takes integers (int64) from -16777216 to 16777216, not 16777218 at position 1.',
    })
    await network.release()
  })
})
