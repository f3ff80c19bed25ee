import { InputError } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { file, node, proto, tensor } from './graph-builder.ts'
import { referenceModels } from './reference-models.ts'

const references = await referenceModels()

describe.each(references.filter(({ weights }) => Object.keys(weights).length === 0))(
  'a file of $name with another weight',
  ({ name, bytes }) => {
    it('is the file itself where the weight is its own', async () => {
      const model = await readModel(bytes, { name })
      const own = new Map(model.layers.map((layer) => [layer.name, model.weight(layer)]))
      expect(Buffer.compare(model.encodeWith(own), bytes)).toBe(0)
      expect(Buffer.compare(model.encodeWith(new Map()), bytes)).toBe(0)
    })

    it('differs from the file in the values of that weight alone', async () => {
      const model = await readModel(bytes, { name })
      for (const layer of model.layers) {
        const { shape, data } = model.weight(layer)
        const before = Buffer.from(data.buffer)
        const start = Buffer.from(bytes).indexOf(before)
        const other = { shape, data: data.map((value) => value + 1) }
        const changed = model.encodeWith(new Map([[layer.name, other]]))
        const expected = Buffer.from(bytes)
        expected.set(Buffer.from(other.data.buffer), start)
        expect(Buffer.compare(changed, expected)).toBe(0)

        const again = await readModel(changed, { name })
        expect(again.weight(layer)).toEqual(other)
        expect(again.layers).toEqual(model.layers)
        for (const rest of model.layers) {
          if (rest.name !== layer.name) expect(again.weight(rest)).toEqual(model.weight(rest))
        }
      }
    })
  },
)

describe.each(references.filter(({ weights }) => Object.keys(weights).length > 0))(
  'a file of $name, whose weights are stored otherwise, with another weight',
  ({ name, bytes }) => {
    it('is read again with that weight, and all else as it was', async () => {
      const model = await readModel(bytes, { name })
      for (const layer of model.layers) {
        const { shape, data } = model.weight(layer)
        // Exact in float16, too.
        const other = { shape, data: data.map((value) => value * -0.5) }
        const again = await readModel(model.encodeWith(new Map([[layer.name, other]])), { name })
        expect(again.weight(layer)).toEqual(other)
        expect(again.layers).toEqual(model.layers)
        for (const rest of model.layers) {
          if (rest.name !== layer.name) expect(again.weight(rest)).toEqual(model.weight(rest))
        }
      }
    })

    it('is the file itself where no weight is replaced', async () => {
      const model = await readModel(bytes, { name })
      expect(Buffer.compare(model.encodeWith(new Map()), bytes)).toBe(0)
    })
  },
)

it('keeps fields of the format that are newer than the reader', async () => {
  // Field 16 of a graph, metadata_props, came with IR version 10: tag (16 << 3 | 2), length, one entry.
  const newer = Buffer.from([0x82, 0x01, 0x06, 0x0a, 0x01, 0x6b, 0x12, 0x01, 0x76])
  const model = proto.ModelProto.decode(file())
  const graph = Buffer.concat([proto.GraphProto.encode(model.graph!).finish(), newer])
  const bytes = Buffer.concat([
    proto.ModelProto.encode({ irVersion: 10, opsetImport: model.opsetImport }).finish(),
    // Field 7 of a model, in wire type 2: its length is a varint of two bytes.
    Buffer.from([0x3a, (graph.length & 0x7f) | 0x80, graph.length >> 7]),
    graph,
  ])
  const read = await readModel(bytes, { name: 'newer' })
  const written = read.encodeWith(new Map([['weight', { shape: [4, 3], data: new Float32Array(12) }]]))
  expect(Buffer.from(written).includes(newer)).toBe(true)
  expect(written).toHaveLength(bytes.length)
})

it('takes a weight that was stored number by number', async () => {
  const bytes = file({
    initializers: [{ name: 'weight', dims: [4, 3], dataType: 1, floatData: Array.from({ length: 12 }, (_, i) => i) }],
  })
  const model = await readModel(bytes, { name: 'numbers' })
  const [layer] = model.layers
  expect([...model.weight(layer!).data]).toEqual([...Array(12).keys()])
  const other = { shape: [4, 3], data: new Float32Array(12).fill(0.25) }
  const again = await readModel(model.encodeWith(new Map([['weight', other]])), { name: 'numbers' })
  expect(again.weight(layer!)).toEqual(other)
})

it('replaces several weights at once', async () => {
  const bytes = file({
    nodes: [node('MatMul', ['images', 'weight'], 'hidden'), node('MatMul', ['hidden', 'other'], 'scores')],
    initializers: [tensor('weight', [4, 3]), tensor('other', [3, 3])],
  })
  const model = await readModel(bytes, { name: 'two' })
  const weights = new Map(
    model.layers.map(({ name, weightShape, parameters }, i) => [
      name,
      { shape: weightShape, data: new Float32Array(parameters).fill(i + 2) },
    ]),
  )
  const again = await readModel(model.encodeWith(weights), { name: 'two' })
  expect(new Map(again.layers.map((layer) => [layer.name, again.weight(layer)]))).toEqual(weights)
})

it('refuses an unknown layer and a weight of another shape', async () => {
  const model = await readModel(file(), { name: 'small' })
  const weight = { shape: [3, 4], data: new Float32Array(12) }
  expect(() => model.encodeWith(new Map([['other', weight]]))).toThrow(new InputError("small has no layer 'other'."))
  expect(() => model.encodeWith(new Map([['weight', weight]]))).toThrow(
    new InputError("Layer 'weight' of small has shape [4, 3], not [3, 4]."),
  )
  expect(() => model.weight({ ...model.layers[0]!, name: 'other' })).toThrow(
    new InputError("small has no layer 'other'."),
  )
})
