import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import type { ScoreOutcome } from '@loadbearing/core'
import { criteria } from '../src/registry.generated.ts'
import { scoreModel } from '../src/score-model.ts'
import { floatNetwork, node } from './float-network.ts'
import { drawn, tinyModel } from './tiny-model.ts'

const { AttributeType } = onnxProto.onnx.AttributeProto
const { DataType } = onnxProto.onnx.TensorProto

/** With the second axis of four before the first, and back. */
const swap = (input: string, output: string): onnx.INodeProto => ({
  ...node('Transpose', [input], output),
  attribute: [{ name: 'perm', type: AttributeType.INTS, ints: [1, 0, 2, 3] }],
})

/** With the first so many axes as one. */
const flatten = (input: string, output: string, axes: number): onnx.INodeProto => ({
  ...node('Flatten', [input], output),
  attribute: [{ name: 'axis', type: AttributeType.INT, i: axes }],
})

const shapeOfRows: onnx.INodeProto = {
  ...node('Constant', [], 'rows'),
  attribute: [
    { name: 'value', type: AttributeType.TENSOR, t: { dims: [2], dataType: DataType.INT64, int64Data: [-1, 24] } },
  ],
}

const between = [node('MatMul', ['t', 'first'], 'a'), node('Relu', ['a'], 'b')]
const last = node('MatMul', ['e', 'second'], 'y')
const graphs = {
  'in front': [node('Identity', ['x'], 't'), ...between, flatten('b', 'e', 1), last],
  second: [swap('x', 't'), ...between, swap('b', 'c'), flatten('c', 'e', 1), last],
  'folded into another': [shapeOfRows, flatten('x', 't', 3), ...between, node('Reshape', ['b', 'rows'], 'e'), last],
}

/** What criteria that look at what layers read and make say of the same function. */
async function scoresOf(nodes: readonly onnx.INodeProto[]) {
  const weights = {
    first: { dims: [4, 3], values: drawn(5, 12) },
    second: { dims: [24, 3], values: drawn(11, 72) },
  }
  const model = await tinyModel(floatNetwork({ input: [2, 4, 4], nodes, weights }))
  const chosen = criteria
    .map(({ plugin }) => ({ plugin, options: plugin.options.parse({}) }))
    .filter(({ plugin: { needs, name } }) => needs.includes('activations') || name === 'deeplift-rescale')
  const said = new Map<string, ReadonlyMap<string, ScoreOutcome>>()
  await scoreModel(model, chosen, [], {
    batch: 5,
    onDone: (at, { outcomes }) => said.set(chosen[at]!.plugin.name, outcomes[0]!.layers),
  })
  return said
}

describe('the axis of the batch', () => {
  it('makes no difference to what criteria say', async () => {
    const [usual, other] = [await scoresOf(graphs['in front']), await scoresOf(graphs.second)]
    expect(usual.size).toBeGreaterThan(10)
    for (const [criterion, layers] of usual) {
      for (const [layer, own] of layers) {
        const its = other.get(criterion)!.get(layer)!
        expect([criterion, layer, its.reason]).toEqual([criterion, layer, own.reason])
        // What is drawn is drawn by the model's digest.
        if (own.value === undefined || own.standardError !== undefined) continue
        expect(its.value! / own.value, `${criterion} of ${layer}`).toBeCloseTo(1, 3)
      }
    }
  })

  it('is missed by name where examples share it with something else', async () => {
    const said = await scoresOf(graphs['folded into another'])
    for (const layers of said.values()) {
      for (const { reason } of layers.values()) {
        expect(reason).toMatch(/^What layer 'first' of tiny reads or makes has no axis for the examples alone/)
      }
    }
  })
})
