import { InputError, type Tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, readModel } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { file, node, proto, tensor } from './graph-builder.ts'
import { referenceModels, toleranceOf } from './reference-models.ts'

/** The file with an Add of a node's output to itself between it and all that read it. */
function withDoubled(bytes: Uint8Array, output: string): Uint8Array {
  const model = proto.ModelProto.decode(bytes)
  const graph = model.graph!
  graph.node = graph.node!.flatMap((each) =>
    each.output![0] === output
      ? [{ ...each, output: ['undoubled'] }, node('Add', ['undoubled', 'undoubled'], output, { name: 'doubled' })]
      : [each],
  )
  return proto.ModelProto.encode(model).finish()
}

function doubled({ shape, data }: Tensor): Tensor {
  return { shape, data: data.map((value) => value * 2) }
}

function halved({ shape, data }: Tensor): Tensor {
  return { shape, data: data.map((value) => value / 2) }
}

describe.each(await referenceModels())('behind the output of each layer of $name', (reference) => {
  const { name, bytes, images, batch } = reference
  // Where it is exposed, an activation in float16 is rounded; where it is not, onnxruntime may pass over that.
  const tolerance = toleranceOf(reference)

  it('gives the clean logits where nothing changes', async () => {
    const model = await readModel(bytes, { name })
    const engine = await openSuffixes(model, { weights: [], outputs: model.layers })
    const clean = await engine.advance(images)
    const pieces = batch === 'open' ? [5] : batch === 4 ? [4, 1] : [1, 1, 1, 1, 1]
    for (const layer of model.layers) {
      const shown: Tensor[] = []
      const logits = await engine.runOutput(layer, (output) => {
        shown.push(output)
        return output
      })
      expectCloseTo(logits, clean, tolerance === 1e-5 ? 1e-6 : tolerance)
      // Weights on the left make columns of examples: the batch is last.
      expect(shown.map(({ shape }) => shape.toSorted())).toEqual(
        pieces.map((examples) => [examples, ...layer.outputShape].toSorted()),
      )
    }
    await engine.release()
  })

  it('gives what onnxruntime makes of a file with an Add there', async () => {
    const model = await readModel(bytes, { name })
    const engine = await openSuffixes(model, { weights: [], outputs: model.layers })
    await engine.advance(images)
    for (const layer of model.layers) {
      const network = await openNetwork(model, withDoubled(bytes, model.tensorsAround(layer).output))
      expectCloseTo(await engine.runOutput(layer, doubled), await network.run(images), tolerance)
      await network.release()
    }
    await engine.release()
  })
})

describe('the output of a layer', async () => {
  const bytes = file({
    nodes: [node('MatMul', ['images', 'weight'], 'hidden'), node('MatMul', ['hidden', 'other'], 'scores')],
    initializers: [tensor('weight', [4, 3]), tensor('other', [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])],
  })
  const model = await readModel(bytes, { name: 'two' })
  const [first, last] = model.layers
  const images = { shape: [70, 4], data: new Float32Array(280).fill(1) }

  it('is shown batch by batch, with the position of each in the chunk', async () => {
    const engine = await openSuffixes(model, { outputs: [first!] })
    await engine.advance(images)
    const rows: [number, readonly number[]][] = []
    const scores = await engine.runOutput(first!, ({ shape, data }, start) => {
      rows.push([start, shape])
      // The number of the example in its first unit, nothing in the others.
      return { shape, data: data.map((_, i) => (i % 3 === 0 ? start + i / 3 : 0)) }
    })
    expect(rows).toEqual([
      [0, [32, 3]],
      [32, [32, 3]],
      [64, [6, 3]],
    ])
    expect([...scores.data]).toEqual(
      Array.from({ length: 70 }, (_, example) => [1, 2, 3].map((w) => w * example)).flat(),
    )
    await engine.release()
  })

  it('may be the class scores: nothing is left to run', async () => {
    const engine = await openSuffixes(model, { weights: [], outputs: [last!] })
    const clean = await engine.advance(images)
    expect(model.outputSuffix(last!)).toBeUndefined()
    expect(await engine.runOutput(last!, halved)).toEqual(halved(clean))
    await engine.release()
  })

  it('wants examples first, and a tensor of its own shape', async () => {
    const engine = await openSuffixes(model, { outputs: model.layers })
    await expect(engine.runOutput(first!, halved)).rejects.toThrow(
      new InputError('The engine has no examples yet: call advance first.'),
    )
    await engine.advance({ shape: [1, 4], data: new Float32Array(4) })
    for (const layer of model.layers) {
      await expect(engine.runOutput(layer, ({ data }) => ({ shape: [3], data }))).rejects.toThrow(
        new InputError(`The output of layer '${layer.name}' has shape [1, 3], not [3].`),
      )
      await expect(engine.runOutput(layer, ({ shape }) => ({ shape, data: new Float32Array(2) }))).rejects.toThrow(
        new InputError('A tensor of shape [1, 3] holds 3 values, not 2.'),
      )
    }
    await engine.release()
  })
})

it('of two branches that share a weight, only the first changes', async () => {
  const bytes = file({
    nodes: [
      node('MatMul', ['images', 'weight'], 'left'),
      node('Neg', ['images'], 'opposite'),
      node('MatMul', ['opposite', 'weight'], 'right'),
      node('Relu', ['left'], 'left.active'),
      node('Relu', ['right'], 'right.active'),
      node('Sub', ['left.active', 'right.active'], 'scores'),
    ],
  })
  const model = await readModel(bytes, { name: 'branches' })
  const [layer] = model.layers
  expect(layer!.nodes).toEqual(['left_node', 'right_node'])
  const engine = await openSuffixes(model, { outputs: [layer!] })
  await engine.advance({ shape: [2, 4], data: new Float32Array([1, 1, 1, 1, -1, -1, -1, -1]) })
  expect([...(await engine.runOutput(layer!, doubled)).data]).toEqual([8, 8, 8, -4, -4, -4])
  await engine.release()
})
