import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, readModel } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { AttributeType, file, type GraphParts, integerAttribute, integers, node, tensor } from './graph-builder.ts'

const three = tensor('weight', [4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
const one = tensor('weight', [4, 1], [1, 2, -3, 4])
const images = { shape: [2, 4], data: new Float32Array([0.1, 0, 0.2, 0, 0, 0.3, 0, -0.1]) }
/** The images times `three`, and times `one`. */
const threeProducts = [1.5, 1.8, 2.1, 0.2, 0.4, 0.6]
const oneProducts = [-0.5, 0.2]

async function logitsOf(parts: GraphParts) {
  const bytes = file(parts)
  const model = await readModel(bytes, { name: 'small' })
  const network = await openNetwork(model, bytes)
  const logits = await network.run(images)
  await network.release()
  const engine = await openSuffixes(model, { outputs: [] })
  await engine.advance(images)
  const again = await engine.run(model.layers[0]!, model.weight(model.layers[0]!))
  await engine.release()
  expectCloseTo(again, logits)
  return { model, logits }
}

describe('one probability that a Sigmoid makes', () => {
  const nodes = [node('MatMul', ['images', 'weight'], 'sum'), node('Sigmoid', ['sum'], 'scores')]

  it('is that of the second of two classes', async () => {
    const { model, logits } = await logitsOf({ initializers: [one], nodes })
    expect(model.output).toEqual({ name: 'scores', classes: 2, scores: 'one probability', logits: 'sum' })
    expect(model.notes).toEqual([
      "The one score 'scores' is made by a Sigmoid: it is taken as the probability of the second of two classes.",
    ])
    const expected = oneProducts.flatMap((sum) => [-Math.log(1 + Math.exp(sum)), -Math.log(1 + Math.exp(-sum))])
    expectCloseTo(logits, { shape: [2, 2], data: new Float32Array(expected) })
  })

  it('has finite logarithms where it is 0 or 1', async () => {
    const { logits } = await logitsOf({ initializers: [tensor('weight', [4, 1], [5000, 0, 0, 5000])], nodes })
    expect([...logits.data]).toEqual([Math.fround(Math.log(2 ** -149)), 0, 0, Math.fround(Math.log(2 ** -149))])
  })

  it('gives way to an output of several scores', async () => {
    const { model } = await logitsOf({
      initializers: [one, tensor('spread', [1, 3], [1, 2, 3])],
      nodes: [...nodes, node('MatMul', ['sum', 'spread'], 'several')],
      outputs: [{ name: 'scores' }, { name: 'several' }],
    })
    expect(model.output).toEqual({ name: 'several', classes: 3, scores: 'logits', logits: 'several' })
  })

  it('is no class score where nothing makes it a probability', async () => {
    await expect(readModel(file({ initializers: [one] }), { name: 'one number' })).rejects.toThrow(
      "one number is no classifier: none of its outputs is [batch, classes] in float32, but 'scores' [batch, 1] in float32.",
    )
  })
})

describe('a Softmax that is written out', () => {
  const keeping = { attribute: [integerAttribute('keepdims', 1)] }
  const sum = node('ReduceSum', ['powers', 'axes'], 'sum', keeping)
  const product = node('MatMul', ['images', 'weight'], 'logits')
  const before = [product, node('Exp', ['logits'], 'powers')]
  const shifted = [
    product,
    node('ReduceMax', ['logits'], 'largest', {
      attribute: [...keeping.attribute, { name: 'axes', type: AttributeType.INTS, ints: [1] }],
    }),
    node('Sub', ['logits', 'largest'], 'shifted'),
    node('Exp', ['shifted'], 'powers'),
  ]
  const initializers = [three, integers('axes', [1]), integers('spread', [1, 3])]

  it.each([
    ['as it is', [...before, sum, node('Div', ['powers', 'sum'], 'scores')]],
    [
      'with the sum spread over the classes',
      [...before, sum, node('Expand', ['sum', 'spread'], 'sums'), node('Div', ['powers', 'sums'], 'scores')],
    ],
    ['with the largest taken off', [...shifted, sum, node('Div', ['powers', 'sum'], 'scores')]],
  ])('%s makes probabilities', async (_, nodes) => {
    const { model, logits } = await logitsOf({ initializers, nodes })
    expect(model.output).toEqual({ name: 'scores', classes: 3, scores: 'probabilities', logits: 'logits' })
    const expected = threeProducts.map((logit, i) => {
      const row = threeProducts.slice(i < 3 ? 0 : 3, i < 3 ? 3 : 6)
      return logit - Math.log(row.reduce((total, each) => total + Math.exp(each), 0))
    })
    expectCloseTo(logits, { shape: [2, 3], data: new Float32Array(expected) })
  })

  it.each([
    ['powers by the sum of others', [...before, node('ReduceSum', ['logits', 'axes'], 'sum', keeping)], 'powers'],
    ['what is no power by its sum', [...before, node('ReduceSum', ['logits', 'axes'], 'sum', keeping)], 'logits'],
  ])('is not what divides %s', async (_, nodes, divided) => {
    const { model } = await logitsOf({ initializers, nodes: [...nodes, node('Div', [divided, 'sum'], 'scores')] })
    expect(model.output.scores).toBe('logits')
  })
})
