import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, readModel } from '../src/index.ts'
import { AttributeType, DataType, file, integerAttribute, integers, node, tensor, value } from './graph-builder.ts'
import { referenceModels, roundedNumbers, zooModels } from './reference-models.ts'

describe.each(await referenceModels())('the layers of $name, opset $opset', (reference) => {
  it('are those counted by hand', async () => {
    const { layers, opset, input } = await readModel(reference.bytes, { name: reference.name })
    expect(layers).toMatchObject(reference.layers.map(({ reads: _reads, makes: _makes, ...layer }) => layer))
    expect(layers).toHaveLength(reference.layers.length)
    expect(layers.map(({ depth }) => depth)).toEqual([...layers.keys()])
    expect(opset).toBe(reference.opset)
    expect(input.shape).toEqual(reference.input)
  })

  it('read and make the tensors around their first node', async () => {
    const model = await readModel(reference.bytes, { name: reference.name })
    expect(model.layers.map((layer) => model.tensorsAround(layer))).toEqual(
      reference.layers.map(({ reads, makes }) => ({ input: reads, output: makes })),
    )
  })

  it('leave out every other learned tensor, with the reason', async () => {
    const { leftOut } = await readModel(reference.bytes, { name: reference.name })
    expect(Object.fromEntries(leftOut.map(({ name, reason }) => [name, reason]))).toEqual(reference.leftOut)
  })
})

describe.each(await zooModels())('the layers of $name', ({ name, bytes, layers, card }) => {
  it('are those that PyTorch counts', async () => {
    const model = await readModel(bytes, { name })
    expect(model.layers).toMatchObject(layers)
    expect(model.layers).toHaveLength(layers.length)
  })

  it('add up to what the card says', async () => {
    const model = await readModel(bytes, { name })
    const total = (of: readonly { parameters: number }[]): number =>
      of.reduce((sum, { parameters }) => sum + parameters, 0)
    expect(model.layers).toHaveLength(card.layers)
    expect(model.layers.reduce((sum, { macs }) => sum + macs, 0)).toBe(card.macs)
    // Two shifts that are added learn the same, and the exporter keeps one of them: there may be fewer, never more.
    const learned = model.leftOut.filter(({ reason }) => !reason.startsWith('running '))
    expect(total(model.layers) + total(learned)).toBeLessThanOrEqual(card.parameters)
  })
})

describe('the axes of a weight', () => {
  const axes = async (op: string, shape: number[], weightFirst = false, transposed = false) => {
    const inputs = weightFirst ? ['weight', 'columns'] : ['images', 'weight']
    const attribute = transposed ? [integerAttribute(weightFirst ? 'transA' : 'transB', 1)] : []
    const bytes = file({
      nodes: weightFirst
        ? [
            node('Transpose', ['images'], 'columns'),
            node(op, inputs, 'rows', { attribute }),
            node('Transpose', ['rows'], 'scores'),
          ]
        : [node(op, inputs, 'scores', { attribute })],
      initializers: [tensor('weight', shape)],
    })
    const [layer] = (await readModel(bytes, { name: 'axes' })).layers
    return { outputs: shape[layer!.outputAxis], inputs: shape[layer!.inputAxis] }
  }

  it.each([
    ['MatMul', [4, 3], false, false],
    ['MatMul', [3, 4], true, false],
    ['Gemm', [4, 3], false, false],
    ['Gemm', [3, 4], false, true],
    ['Gemm', [3, 4], true, false],
    ['Gemm', [4, 3], true, true],
  ] as const)('%s of %j, on the left: %s, transposed: %s', async (op, shape, weightFirst, transposed) => {
    expect(await axes(op, [...shape], weightFirst, transposed)).toEqual({ outputs: 3, inputs: 4 })
  })

  it.each([
    ['Conv', [6, 2, 1, 1], { outputAxis: 0, inputAxis: 1, groups: 2, macs: 6 * 25 * 2 }],
    ['ConvTranspose', [4, 3, 1, 1], { outputAxis: 1, inputAxis: 0, groups: 2, macs: 4 * 25 * 3 }],
  ] as const)('%s in groups', async (op, shape, expected) => {
    const bytes = file({
      inputs: [value('images', ['n', 4, 5, 5])],
      initializers: [tensor('weight', shape)],
      nodes: [
        node(op, ['images', 'weight'], 'made', { attribute: [integerAttribute('group', 2)] }),
        node('GlobalAveragePool', ['made'], 'scores'),
      ],
    })
    const { layers, output } = await readModel(bytes, { name: 'groups' })
    expect(layers[0]).toMatchObject(expected)
    expect(output).toMatchObject({ name: 'scores', classes: 6 })
  })
})

describe('the class scores', () => {
  it('are found beside outputs of other shapes', async () => {
    const bytes = file({
      nodes: [node('MatMul', ['images', 'weight'], 'scores'), node('ArgMax', ['scores'], 'class')],
      outputs: [{ name: 'class' }, { name: 'scores' }],
    })
    expect((await readModel(bytes, { name: 'two' })).output).toEqual({
      name: 'scores',
      classes: 3,
      scores: 'logits',
      logits: 'scores',
    })
  })

  const product = node('MatMul', ['images', 'weight'], 'made')
  const ending = async (...nodes: onnx.INodeProto[]) =>
    readModel(
      file({ nodes: [product, ...nodes], initializers: [tensor('weight', [4, 3]), integers('shape', [-1, 3])] }),
      {
        name: 'ending',
      },
    )

  it('of a Softmax are probabilities', async () => {
    expect((await ending(node('Softmax', ['made'], 'scores'))).output.scores).toBe('probabilities')
  })

  it('of a Softmax are probabilities in another shape or type, too', async () => {
    const { output } = await ending(
      node('Softmax', ['made'], 'soft'),
      node('Cast', ['soft'], 'cast', { attribute: [integerAttribute('to', DataType.FLOAT16)] }),
      node('Identity', ['cast'], 'same'),
      node('Flatten', ['same'], 'flat'),
      node('Reshape', ['flat', 'shape'], 'scores'),
    )
    expect(output).toEqual({ name: 'scores', classes: 3, scores: 'probabilities', logits: 'made' })
  })

  it('of a LogSoftmax are logits, and so is a Softmax that is computed with', async () => {
    expect((await ending(node('LogSoftmax', ['made'], 'scores'))).output).toMatchObject({
      scores: 'logits',
      logits: 'made',
    })
    const squared = [node('Softmax', ['made'], 'soft'), node('Mul', ['soft', 'soft'], 'scores')]
    expect((await ending(...squared)).output).toMatchObject({ scores: 'logits', logits: 'scores' })
  })

  it('of a Sigmoid are taken as logits, and it is said', async () => {
    const { output, notes } = await ending(node('Sigmoid', ['made'], 'scores'))
    expect(output.scores).toBe('logits')
    expect(notes).toEqual([
      "The class scores 'scores' are made by a Sigmoid, class by class; they are taken as logits.",
    ])
  })
})

describe('a weight that is stored otherwise', async () => {
  const references = await referenceModels()
  const notesOn = async (name: string) =>
    (await readModel(references.find((each) => each.name === name)!.bytes, { name })).notes

  it('is said to be rounded or shared where it is', async () => {
    const inHalf = (weights: string) =>
      `${weights} computed with in float16: new values are rounded to it, and a part of the network agrees with the whole to about 0.001.`
    expect(await notesOn('half')).toEqual([inHalf('One weight is')])
    expect(await notesOn('narrow')).toEqual([
      "The input 'images' is fed as float16, rounded to the nearest.",
      inHalf('2 weights are'),
    ])
    expect(await notesOn('wide')).toEqual([
      "The input 'images' is fed as float64.",
      '2 weights are stored in float64 and handed out as float32.',
    ])
    expect(await notesOn('chains')).toEqual([
      "MatMul 'untied_node' reads the weight 'tied.weight' in another layout or type than MatMul 'tied_node' does.",
      'One weight is stored in float64 and handed out as float32.',
    ])
    expect(await notesOn('shared')).toEqual([])
  })

  it('in bfloat16 is replaced behind its Cast', async () => {
    // The upper halves of the float32 numbers 1 to 12, little-endian.
    const upper = Float32Array.from({ length: 12 }, (_, i) => i + 1)
    const rawData = new Uint8Array(
      new Uint16Array(Array.from(new Uint32Array(upper.buffer), (bits) => bits >>> 16)).buffer,
    )
    const bytes = file({
      initializers: [{ name: 'weight', dims: [4, 3], dataType: DataType.BFLOAT16, rawData }],
      nodes: [
        node('Cast', ['weight'], 'cast', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
        node('MatMul', ['images', 'cast'], 'scores'),
      ],
    })
    const model = await readModel(bytes, { name: 'bfloat16' })
    expect(model.weight(model.layers[0]!)).toEqual({ shape: [4, 3], data: upper })
    // 1 + 2⁻²⁰ is no bfloat16.
    const other = { shape: [4, 3], data: upper.map((value) => value * (1 + 2 ** -20)) }
    const again = await readModel(model.encodeWith(new Map([['weight', other]])), { name: 'bfloat16' })
    expect(again.weight(again.layers[0]!)).toEqual(other)
  })

  it('in float16 that is also read as such is rounded for both', async () => {
    const half = { name: 'weight', dims: [4, 3], dataType: DataType.FLOAT16, rawData: new Uint8Array(24) }
    const bytes = file({
      initializers: [half],
      nodes: [
        node('Cast', ['weight'], 'cast', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
        node('MatMul', ['images', 'cast'], 'made'),
        node('ReduceMax', ['weight'], 'highest', { attribute: [integerAttribute('keepdims', 0)] }),
        node('Cast', ['highest'], 'most', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
        node('Add', ['made', 'most'], 'scores'),
      ],
    })
    const model = await readModel(bytes, { name: 'both' })
    expect(model.notes[0]).toBe(
      "The weight 'weight' is also read by ReduceMax 'highest_node': what perturbs the layer changes that, too.",
    )
    const weight = { shape: [4, 3], data: new Float32Array(12).fill(1 + 2 ** -10 + 2 ** -12) }
    const engine = await openSuffixes(model)
    await engine.advance({ shape: [1, 4], data: new Float32Array([1, 1, 1, 1]) })
    expect([...(await engine.run(model.layers[0]!, weight)).data]).toEqual(new Array(3).fill(5 * (1 + 2 ** -10)))
    await engine.release()
  })
})

it('float32 is rounded to float16 as numpy rounds it', async () => {
  const { values, rounded } = await roundedNumbers()
  const bytes = file({
    inputs: [value('images', ['n', 1], DataType.FLOAT16)],
    initializers: [tensor('weight', [1, 2], [1, -1])],
    nodes: [
      node('Cast', ['images'], 'cast', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
      node('MatMul', ['cast', 'weight'], 'scores'),
    ],
  })
  const model = await readModel(bytes, { name: 'rounding' })
  const network = await openNetwork(model, bytes)
  const { data } = await network.run({ shape: [values.data.length, 1], data: values.data })
  expect([...data.filter((_, i) => i % 2 === 0)]).toEqual([...rounded.data.map((each) => each + 0)])
  await network.release()
})

describe('what is left out', () => {
  const reasons = async (parts: Parameters<typeof file>[0]) =>
    (await readModel(file(parts), { name: 'left out' })).leftOut.map(({ name, reason }) => `${name}: ${reason}`)

  it('is an embedding table, a vector, and an operator of another domain that has the name of a layer', async () => {
    const foreign = node('Gelu', ['a'], 'b', { domain: 'com.microsoft' })
    expect(
      await reasons({
        domains: ['com.microsoft'],
        initializers: [
          tensor('weight', [4, 3]),
          tensor('table', [2, 3]),
          tensor('vector', [3]),
          tensor('bias', [3]),
          { ...integers('index', [1]), dims: [] },
        ],
        nodes: [
          node('MatMul', ['images', 'weight'], 'made'),
          node('Gather', ['table', 'index'], 'row'),
          node('Add', ['made', 'row'], 'a'),
          foreign,
          node('BiasGelu', ['b', 'bias'], 'c', { domain: 'com.microsoft' }),
          node('MatMul', ['c', 'vector'], 'sum'),
          node('Shape', ['sum'], 'shape'),
          node('ConstantOfShape', ['shape'], 'zeros'),
          node('Add', ['sum', 'zeros'], 'total'),
          node('Unsqueeze', ['total', 'axis'], 'column'),
          node('Add', ['c', 'column'], 'scores'),
          node('Constant', [], 'axis', {
            attribute: [{ name: 'value', type: AttributeType.TENSOR, t: integers('axis', [1]) }],
          }),
        ],
      }),
    ).toEqual([
      "table: embedding table of Gather 'row_node'",
      "vector: vector of MatMul 'sum_node'; a layer's weight is a matrix",
      "bias: operand of com.microsoft.BiasGelu 'c_node', which is no Conv, ConvTranspose, Gemm or MatMul with this as its weight",
    ])
  })

  it('is no number that stands in the code, but is a learned one, be it a single number', async () => {
    const constant = (name: string, dims: number[]) =>
      node('Constant', [], name, {
        attribute: [{ name: 'value', type: AttributeType.TENSOR, t: tensor(name, dims) }],
      })
    expect(
      await reasons({
        initializers: [
          tensor('weight', [4, 1]),
          tensor('temperature', []),
          tensor('highest', []),
          tensor('lowest', [1]),
          tensor('classes', [1, 3]),
        ],
        nodes: [
          node('MatMul', ['images', 'weight'], 'made'),
          constant('bias', [1]),
          node('Add', ['made', 'bias'], 'shifted'),
          constant('half', []),
          node('Mul', ['shifted', 'half'], 'halved'),
          node('Clip', ['halved', 'lowest', 'highest'], 'clipped'),
          node('Mul', ['clipped', 'temperature'], 'scaled'),
          node('MatMul', ['scaled', 'classes'], 'scores'),
        ],
      }),
    ).toEqual([expect.stringMatching(/^temperature: operand of Mul/), expect.stringMatching(/^bias: operand of Add/)])
  })

  it('is each half of a product of constants', async () => {
    expect(
      await reasons({
        initializers: [tensor('weight', [4, 3]), tensor('left', [3, 2]), tensor('right', [2, 3])],
        nodes: [
          node('MatMul', ['images', 'weight'], 'made'),
          node('Gemm', ['left', 'right'], 'product'),
          node('MatMul', ['made', 'product'], 'scores'),
        ],
      }),
    ).toEqual([
      "left: made into another constant by Gemm 'product_node'",
      "right: made into another constant by Gemm 'product_node'",
    ])
  })
})
