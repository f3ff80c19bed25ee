import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { AttributeType, file, integerAttribute, integers, node, tensor, value } from './graph-builder.ts'
import { referenceModels, zooModels } from './reference-models.ts'

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
    expect((await readModel(bytes, { name: 'two' })).output).toEqual({ name: 'scores', classes: 3, scores: 'logits' })
  })

  it('of a Softmax are probabilities', async () => {
    const bytes = file({ nodes: [node('MatMul', ['images', 'weight'], 'made'), node('Softmax', ['made'], 'scores')] })
    expect((await readModel(bytes, { name: 'softmax' })).output.scores).toBe('probabilities')
  })
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
