import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, readModel } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { DataType, file, integerAttribute, node, tensor } from './graph-builder.ts'
import { referenceModels } from './reference-models.ts'

function integersOf(name: string, dims: number[], dataType: onnx.TensorProto.DataType, values: readonly number[] = []) {
  const size = dims.reduce((a, b) => a * b, 1)
  const signed = dataType === DataType.INT8
  const data = Array.from({ length: size }, (_, i) => values[i] ?? 1)
  return { name, dims, dataType, rawData: new Uint8Array((signed ? Int8Array : Uint8Array).from(data).buffer) }
}

const one = tensor('one', [], [1])
const half = tensor('half', [], [0.5])

/** Quantizes the images, multiplies integers, and takes the result back. */
const integerNodes = [
  node('QuantizeLinear', ['images', 'one', 'zero'], 'quantized'),
  node('QLinearMatMul', ['quantized', 'one', 'zero', 'integers', 'half', 'nought', 'one', 'zero'], 'product'),
  node('DequantizeLinear', ['product', 'one', 'zero'], 'hidden'),
]
const integerTensors = [
  one,
  half,
  integersOf('zero', [], DataType.UINT8, [0]),
  integersOf('nought', [], DataType.INT8, [0]),
  integersOf('integers', [4, 3], DataType.INT8),
]

describe('integer weights', () => {
  it('of a node that computes in integers are left out, by the name of the node', async () => {
    const bytes = file({
      nodes: [...integerNodes, node('MatMul', ['hidden', 'weight'], 'scores')],
      initializers: [...integerTensors, tensor('weight', [3, 3])],
    })
    const model = await readModel(bytes, { name: 'mixed' })
    expect(model.layers.map(({ name }) => name)).toEqual(['weight'])
    expect(model.leftOut).toEqual([
      {
        name: 'integers',
        shape: [4, 3],
        parameters: 12,
        reason: "integer weights of QLinearMatMul 'product_node' cannot be perturbed",
      },
    ])
  })

  it('alone make no layer: the model is refused with what to do', async () => {
    const more = [
      node('DynamicQuantizeLinear', ['hidden'], 'dynamic', { output: ['dynamic', 'dynamic.scale', 'dynamic.zero'] }),
      ...['a', 'b', 'c'].map((name) => node('MatMulInteger', ['dynamic', 'square', 'dynamic.zero'], name)),
      node('Sum', ['a.float', 'b.float', 'c.float'], 'scores'),
      ...['a', 'b', 'c'].map((name) =>
        node('Cast', [name], `${name}.float`, { attribute: [integerAttribute('to', DataType.FLOAT)] }),
      ),
    ]
    const bytes = file({
      nodes: [...integerNodes, ...more],
      initializers: [...integerTensors, integersOf('square', [3, 3], DataType.INT8)],
    })
    await expect(readModel(bytes, { name: 'bad' })).rejects.toMatchObject({
      code: 'model',
      message:
        "bad has no layers: it computes in integers, whose weights cannot be perturbed: QLinearMatMul 'product_node', MatMulInteger 'a_node', MatMulInteger 'b_node' and 1 more.",
      hint: 'Quantize it in the QDQ format (QuantFormat.QDQ of onnxruntime), or measure the float32 model that it was made from.',
    })
  })

  it('behind two DequantizeLinear nodes that say the same are one layer, and both follow it', async () => {
    const bytes = file({
      nodes: [
        node('DequantizeLinear', ['integers', 'half'], 'left'),
        node('DequantizeLinear', ['integers', 'half'], 'right'),
        node('MatMul', ['images', 'left'], 'a'),
        node('Transpose', ['right'], 'turned'),
        node('MatMul', ['a', 'turned'], 'b'),
        node('MatMul', ['b', 'left'], 'scores'),
      ],
      initializers: [half, integersOf('integers', [4, 3], DataType.INT8, [1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3])],
    })
    const model = await readModel(bytes, { name: 'twice' })
    expect(model.layers).toMatchObject([
      { name: 'integers', nodes: ['a_node', 'b_node', 'scores_node'], weightShape: [4, 3] },
    ])
    const [layer] = model.layers
    expect([...model.weight(layer!).data]).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, -0.5, -1, -1.5])
    expect(model.notes).toEqual([
      "MatMul 'b_node' reads the weight 'integers' in another layout or type than MatMul 'a_node' does.",
    ])

    const engine = await openSuffixes(model)
    const images = { shape: [1, 4], data: new Float32Array([1, 0, 0, 0]) }
    // [1 0 0 0] W Wᵀ W, three times in W, by hand: [.5 1 1.5] · Wᵀ = [3.5 8 12.5 -3.5].
    expect([...(await engine.advance(images)).data]).toEqual([63.25, 77, 90.75])
    const weight = { shape: [4, 3], data: model.weight(layer!).data.map((value) => value / 3) }
    const scores = await engine.run(layer!, weight)
    expectCloseTo(scores, { shape: [1, 3], data: new Float32Array([63.25 / 27, 77 / 27, 90.75 / 27]) })
    const network = await openNetwork(model, model.encodeWith(new Map([['integers', weight]])))
    expectCloseTo(await network.run(images), scores)
    for (const opened of [engine, network]) await opened.release()
  })

  it('that are read as integers, too, cannot be replaced for both, and are left out', async () => {
    const bytes = file({
      nodes: [
        node('DequantizeLinear', ['integers', 'half'], 'dequantized'),
        node('Cast', ['integers'], 'cast', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
        node('MatMul', ['images', 'dequantized'], 'a'),
        node('MatMul', ['images', 'cast'], 'b'),
        node('Add', ['a', 'b'], 'sum'),
        node('MatMul', ['sum', 'weight'], 'scores'),
      ],
      initializers: [half, integersOf('integers', [4, 3], DataType.INT8), tensor('weight', [3, 3])],
    })
    const { layers, leftOut } = await readModel(bytes, { name: 'both' })
    expect(layers.map(({ name }) => name)).toEqual(['weight'])
    expect(leftOut).toMatchObject([
      { name: 'integers', reason: "weights of type int8 cannot be replaced where MatMul 'b_node' reads them, too" },
    ])
  })
})

it('a QDQ model says that no integer kernels run', async () => {
  const { bytes, name } = (await referenceModels()).find((each) => each.name === 'quantized')!
  const { notes, leftOut } = await readModel(bytes, { name })
  expect(notes).toEqual([
    'QuantizeLinear and DequantizeLinear are computed as such, in float32; no integer kernels run.',
  ])
  expect(leftOut).toEqual([])
})
