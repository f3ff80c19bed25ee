import { createHash } from 'node:crypto'
import type { onnx } from 'onnx-proto'
import { describe, expect, it } from 'vitest'
import { openNetwork, openSuffixes, readModel } from '../src/index.ts'
import { AttributeType, DataLocation, DataType, file, integerAttribute, node, tensor, value } from './graph-builder.ts'

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts))

function elsewhere(name: string, dims: number[], entries: Readonly<Record<string, string>>): onnx.ITensorProto {
  const externalData = Object.entries(entries).map(([key, each]) => ({ key, value: each }))
  return { name, dims, dataType: DataType.FLOAT, dataLocation: DataLocation.EXTERNAL, externalData }
}

const weight = Float32Array.from({ length: 12 }, (_, i) => i - 5)
const bias = new Float32Array([1, 20, 300])
// The weight lies behind 8 other bytes; the bias in a file of its own, of which it is all.
const beside: Readonly<Record<string, Uint8Array>> = {
  'weights/a.bin': Buffer.concat([Buffer.alloc(8, 7), Buffer.from(weight.buffer)]),
  'b.bin': Buffer.from(bias.buffer),
}
const graph = {
  initializers: [
    elsewhere('weight', [4, 3], { location: 'weights/a.bin', offset: '8', length: '48' }),
    elsewhere('bias', [3], { location: 'b.bin' }),
  ],
  nodes: [node('Gemm', ['images', 'weight', 'bias'], 'scores')],
}
const bytes = file(graph)
const whole = file({ ...graph, initializers: [tensor('weight', [4, 3], [...weight]), tensor('bias', [3], [...bias])] })
const images = { shape: [2, 4], data: new Float32Array([1, 0, 0, 0, 0, 1, 1, 1]) }
const expected = [-4, 16, 297, 4, 26, 309]

describe('a model whose values lie in other files', () => {
  it('is read, run, cut and written as one', async () => {
    const asked: string[] = []
    const external = (location: string) => {
      asked.push(location)
      return Promise.resolve(beside[location]!)
    }
    const model = await readModel(bytes, { name: 'two files', external })
    expect(asked).toEqual(['weights/a.bin', 'b.bin'])
    expect(model.weight(model.layers[0]!)).toEqual({ shape: [4, 3], data: weight })
    const network = await openNetwork(model, model.bytes)
    expect([...(await network.run(images)).data]).toEqual(expected)
    const engine = await openSuffixes(model)
    expect([...(await engine.advance(images)).data]).toEqual(expected)
    for (const opened of [network, engine]) await opened.release()

    const other = { shape: [4, 3], data: weight.map((each) => each * 2) }
    const written = model.encodeWith(new Map([['weight', other]]))
    const again = await readModel(written, { name: 'one file' })
    expect(again.weight(again.layers[0]!)).toEqual(other)
    expect(Buffer.from(written).includes(Buffer.from(bias.buffer))).toBe(true)
    expect((await readModel(whole, { name: 'whole' })).layers).toEqual(model.layers)
  })

  it('is known by all of its bytes', async () => {
    const digest = async (files: Readonly<Record<string, Uint8Array>>) =>
      (await readModel(bytes, { name: 'two files', external: (location) => files[location]! })).sha256
    const digests = [bytes, beside['b.bin']!, beside['weights/a.bin']!].map((each) => sha256(each).digest())
    expect(await digest(beside)).toBe(sha256(...digests).digest('hex'))
    const changed = Buffer.from(beside['weights/a.bin']!)
    changed[0] = 8
    expect(await digest({ ...beside, 'weights/a.bin': changed })).not.toBe(await digest(beside))
    expect((await readModel(whole, { name: 'whole' })).sha256).toBe(sha256(whole).digest('hex'))
  })

  it('may hold them for a Constant, and for the branches of an If', async () => {
    const constant = (name: string, location: string, dims: number[]) =>
      node('Constant', [], name, {
        attribute: [{ name: 'value', type: AttributeType.TENSOR, t: elsewhere('', dims, { location }) }],
      })
    const branch = (name: string, made: readonly onnx.INodeProto[], initializer: readonly onnx.ITensorProto[]) => ({
      name,
      type: AttributeType.GRAPH,
      g: { name, node: [...made], initializer: [...initializer], output: [value(name, ['n', 3])] },
    })
    const nested = file({
      initializers: [],
      nodes: [
        constant('weight', 'weight', [4, 3]),
        node('MatMul', ['images', 'weight'], 'hidden'),
        node('ReduceMax', ['hidden'], 'highest', { attribute: [integerAttribute('keepdims', 0)] }),
        node('Cast', ['highest'], 'chosen', { attribute: [integerAttribute('to', DataType.BOOL)] }),
        node('If', ['chosen'], 'scores', {
          attribute: [
            branch(
              'then_branch',
              [node('Add', ['hidden', 'inner'], 'then_branch')],
              [elsewhere('inner', [3], { location: 'bias' })],
            ),
            branch('else_branch', [constant('deep', 'bias', [3]), node('Sub', ['hidden', 'deep'], 'else_branch')], []),
          ],
        }),
      ],
    })
    const files: Readonly<Record<string, Uint8Array>> = { weight: Buffer.from(weight.buffer), bias: beside['b.bin']! }
    const model = await readModel(nested, { name: 'nested', external: (location) => files[location]! })
    const network = await openNetwork(model, model.bytes)
    expect([...(await network.run(images)).data]).toEqual(expected)
    await network.release()
  })
})

describe('a model whose values lie in other files is refused', () => {
  const hint =
    'Keep that file beside the model, or save the model as one file: onnx.save(model, path, save_as_external_data=False).'
  const oneFile = 'Save the model as one file: onnx.save(model, path, save_as_external_data=False).'
  const read = (entries: Readonly<Record<string, string>>) =>
    readModel(file({ initializers: [elsewhere('weight', [4, 3], entries)] }), {
      name: 'bad',
      external: (location) => {
        if (location !== 'values') throw new Error(`no such file, ${location}.`)
        return Buffer.from(weight.buffer)
      },
    })

  it.each([
    [
      { location: '../values' },
      "The tensor 'weight' of bad lies in '../values', which is not a file in the model's folder.",
      oneFile,
    ],
    [
      { location: 'a/../../values' },
      "The tensor 'weight' of bad lies in 'a/../../values', which is not a file in the model's folder.",
      oneFile,
    ],
    [
      { location: '..\\values' },
      "The tensor 'weight' of bad lies in '..\\values', which is not a file in the model's folder.",
      oneFile,
    ],
    [
      { location: '/values' },
      "The tensor 'weight' of bad lies in '/values', which is not a file in the model's folder.",
      oneFile,
    ],
    [
      { location: 'C:values' },
      "The tensor 'weight' of bad lies in 'C:values', which is not a file in the model's folder.",
      oneFile,
    ],
    [{}, "The tensor 'weight' of bad lies in '', which is not a file in the model's folder.", oneFile],
    [
      { location: 'lost' },
      "The tensor 'weight' of bad lies in the file 'lost', which cannot be read: no such file, lost.",
      hint,
    ],
    [
      { location: 'values', offset: '4', length: '48' },
      "The tensor 'weight' of bad lies at 4 to 52 in 'values', which has 48 bytes.",
      'Download or copy that file again; it may be cut off.',
    ],
    [
      { location: 'values', offset: '4' },
      "The tensor 'weight' of shape [4, 3] has 11 values: the file is damaged or cut off.",
      'Export or download the model again.',
    ],
    [
      { location: 'values', length: '12' },
      "The tensor 'weight' of shape [4, 3] has 3 values: the file is damaged or cut off.",
      'Export or download the model again.',
    ],
  ])('that lie at %j', async (entries, message, next) => {
    await expect(read(entries)).rejects.toMatchObject({ code: 'model', message, hint: next })
  })

  it('that are larger together than can be run', async () => {
    const quarter = new Uint8Array(2 ** 29)
    const initializers = ['weight', 'a', 'b', 'c'].map((name) => elsewhere(name, [4, 3], { location: 'values' }))
    await expect(readModel(file({ initializers }), { name: 'bad', external: () => quarter })).rejects.toMatchObject({
      code: 'model',
      message: 'bad holds 2.0 GB with its external data; at most 2 GB can be run.',
      hint: 'Measure a smaller model, or one in float16.',
    })
  })
})
