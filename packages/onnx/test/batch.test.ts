import type { Tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { openNetwork, openObserved, openSuffixes, readModel } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import {
  AttributeType,
  DataType,
  file,
  type GraphParts,
  integerAttribute,
  integers,
  node,
  tensor,
  value,
} from './graph-builder.ts'

const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const weight = tensor('weight', [4, 3], values)

/** Ten examples, and what they give times the weight, worked out here. */
const images = { shape: [10, 4], data: Float32Array.from({ length: 40 }, (_, i) => ((i * 7) % 11) - 5) }
const products = {
  shape: [10, 3],
  data: Float32Array.from({ length: 30 }, (_, i) =>
    [0, 1, 2, 3].reduce((sum, k) => sum + images.data[Math.floor(i / 3) * 4 + k]! * values[k * 3 + (i % 3)]!, 0),
  ),
}

const graphs: Record<string, { parts: GraphParts; batch: 'open' | number; reopened?: boolean }> = {
  'open though one example is declared': { parts: { inputs: [value('images', [1, 4])] }, batch: 'open' },
  'open though eight are declared': { parts: { inputs: [value('images', [8, 4])] }, batch: 'open' },
  'open but for a Reshape to one': {
    parts: {
      initializers: [weight, integers('shape', [1, 4])],
      nodes: [node('Reshape', ['images', 'shape'], 'one'), node('MatMul', ['one', 'weight'], 'scores')],
    },
    batch: 'open',
    reopened: true,
  },
  'open but for a Reshape to one with the rest open': {
    parts: {
      inputs: [value('images', [1, 2, 2])],
      initializers: [weight, integers('shape', [1, -1])],
      nodes: [node('Reshape', ['images', 'shape'], 'one'), node('MatMul', ['one', 'weight'], 'scores')],
    },
    batch: 'open',
    reopened: true,
  },
  'open but for a Reshape to eight': {
    parts: {
      inputs: [value('images', [8, 4])],
      initializers: [weight],
      nodes: [
        node('Constant', [], 'shape', {
          attribute: [{ name: 'value', type: AttributeType.TENSOR, t: integers('', [8, 4]) }],
        }),
        node('Reshape', ['images', 'shape'], 'eight'),
        node('MatMul', ['eight', 'weight'], 'scores'),
      ],
    },
    batch: 'open',
    reopened: true,
  },
  'fixed at one by a Reshape that halves the values whatever their number': {
    parts: {
      initializers: [weight, integers('shape', [2, -1]), integers('back', [1, 4])],
      // Half of the values in each row, whatever their number: with −1 in front, it would still be two rows.
      nodes: [
        node('Reshape', ['images', 'shape'], 'halves'),
        node('Reshape', ['halves', 'back'], 'one'),
        node('MatMul', ['one', 'weight'], 'hidden'),
        node('Slice', ['hidden', 'start', 'end', 'start'], 'scores'),
        node('Constant', [], 'start', {
          attribute: [{ name: 'value', type: AttributeType.TENSOR, t: integers('', [0]) }],
        }),
        node('Constant', [], 'end', {
          attribute: [{ name: 'value', type: AttributeType.TENSOR, t: integers('', [1]) }],
        }),
      ],
    },
    batch: 1,
  },
  'fixed at one within': {
    parts: {
      initializers: [weight, integers('start', [0]), integers('end', [1])],
      nodes: [node('Slice', ['images', 'start', 'end', 'start'], 'one'), node('MatMul', ['one', 'weight'], 'scores')],
    },
    batch: 1,
  },
  'fixed at one in a way that passes for open, and mixes the examples': {
    parts: {
      // What each example lacks to the first of the batch is added, and taken away: nothing, for one alone.
      initializers: [weight, integers('zero', [0]), integers('one', [1])],
      nodes: [
        node('Slice', ['images', 'zero', 'one', 'zero'], 'first'),
        node('ReduceMean', ['images'], 'mean', {
          attribute: [{ name: 'axes', type: AttributeType.INTS, ints: [0] }, integerAttribute('keepdims', 1)],
        }),
        node('Sub', ['first', 'mean'], 'apart'),
        node('Add', ['images', 'apart'], 'mixed'),
        node('MatMul', ['mixed', 'weight'], 'scores'),
      ],
    },
    batch: 1,
  },
  'fixed at one in a way that mixes the examples by no more than rounding may': {
    parts: {
      // A hundredth of what each example lacks to the mean of the batch is added: nothing, for one alone.
      initializers: [weight, tensor('little', [1], [0.01])],
      nodes: [
        node('ReduceMean', ['images'], 'mean', {
          attribute: [{ name: 'axes', type: AttributeType.INTS, ints: [0] }, integerAttribute('keepdims', 1)],
        }),
        node('Sub', ['mean', 'images'], 'apart'),
        node('Mul', ['apart', 'little'], 'drop'),
        node('Add', ['images', 'drop'], 'mixed'),
        node('MatMul', ['mixed', 'weight'], 'scores'),
      ],
    },
    batch: 1,
  },
  'fixed at one in a way that gives all examples the scores of the first': {
    parts: {
      initializers: [weight, integers('start', [0]), integers('end', [1])],
      nodes: [
        node('Slice', ['images', 'start', 'end', 'start'], 'first'),
        node('Sub', ['images', 'images'], 'nothing'),
        node('Add', ['first', 'nothing'], 'mixed'),
        node('MatMul', ['mixed', 'weight'], 'scores'),
      ],
    },
    batch: 1,
  },
  'fixed at eight': {
    parts: {
      inputs: [value('images', [8, 4])],
      initializers: [weight, tensor('nothing', [8, 4], new Array<number>(32).fill(0))],
      nodes: [node('Add', ['images', 'nothing'], 'eight'), node('MatMul', ['eight', 'weight'], 'scores')],
    },
    batch: 8,
  },
}

describe.each(Object.entries(graphs))('a batch that is %s', (name, { parts, batch, reopened }) => {
  const bytes = file({ initializers: [weight], ...parts })

  it('is said so', async () => {
    const model = await readModel(bytes, { name })
    expect(model.batch).toBe(batch)
    expect(model.output).toEqual({ name: 'scores', classes: 3, scores: 'logits', logits: 'scores' })
    expect(model.layers).toMatchObject([{ name: 'weight', macs: 12, inputShape: [4], outputShape: [3] }])
    const pieces = `The graph takes ${batch === 1 ? 'one example' : '8 examples'} at a time: its batch is fixed, and it is run in pieces.`
    const opened =
      'The batch, which Reshape nodes fix, is opened: they are given −1 in front, which was found to compute the same.'
    expect(model.notes).toEqual(batch !== 'open' ? [pieces] : reopened ? [opened] : [])
  })

  it('takes any number of examples', async () => {
    const model = await readModel(bytes, { name })
    const given = { shape: [10, ...model.input.shape], data: images.data }
    const [layer] = model.layers
    const [network, observed, engine] = [
      await openNetwork(model, bytes),
      await openObserved(model),
      await openSuffixes(model, { outputs: [layer!] }),
    ]
    expectCloseTo(await network.run(given), products)
    const around = (await observed.activations(given)).get('weight')!
    expectCloseTo(around.input, images)
    expectCloseTo(around.output, products)
    expectCloseTo(await engine.advance(given), products)
    const doubled = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.map((each) => 2 * each) })
    expectCloseTo(await engine.run(layer!, doubled(model.weight(layer!))), doubled(products))
    const starts: number[] = []
    const changed = await engine.runOutput(layer!, (output, start) => {
      starts.push(start)
      expect(output.shape).toEqual([Math.min(batch === 'open' ? 32 : batch, 10 - start), 3])
      return doubled(output)
    })
    expectCloseTo(changed, doubled(products))
    expect(starts).toEqual(batch === 'open' ? [0] : batch === 1 ? [...Array(10).keys()] : [0, 8])
    for (const opened of [network, observed, engine]) await opened.release()
  })
})

/** Every score changes by this share for each example beside it, whichever that is: what other rounding in larger batches comes to. */
async function batchWhereScoresFollowTheNumber(share: number) {
  const bytes = file({
    initializers: [weight, tensor('share', [1], [share]), tensor('rest', [1], [1 - share]), integers('axis', [0])],
    nodes: [
      node('Shape', ['images'], 'sizes'),
      node('Gather', ['sizes', 'axis'], 'number'),
      node('Cast', ['number'], 'examples', { attribute: [integerAttribute('to', DataType.FLOAT)] }),
      node('Mul', ['examples', 'share'], 'more'),
      node('Add', ['more', 'rest'], 'factor'),
      node('MatMul', ['images', 'weight'], 'sums'),
      node('Mul', ['sums', 'factor'], 'scores'),
    ],
  })
  return (await readModel(bytes, { name: 'rounding' })).batch
}

it('is open where scores differ a little with the number of examples, but not with which they are', async () => {
  expect(await batchWhereScoresFollowTheNumber(0.005)).toBe('open')
  expect(await batchWhereScoresFollowTheNumber(0.02)).toBe(1)
})

it('activations without an axis for the one example get one in front', async () => {
  const bytes = file({
    inputs: [value('images', [1, 2, 2])],
    initializers: [tensor('weight', [2, 3], values), integers('axis', [0]), integers('back', [1, 6])],
    nodes: [
      node('Squeeze', ['images', 'axis'], 'rows'),
      node('MatMul', ['rows', 'weight'], 'made'),
      node('Reshape', ['made', 'back'], 'scores'),
    ],
  })
  const model = await readModel(bytes, { name: 'rows' })
  expect(model.layers).toMatchObject([{ macs: 12, inputShape: [2, 2], outputShape: [2, 3] }])
  const observed = await openObserved(model)
  const activations = await observed.activations({
    shape: [3, 2, 2],
    data: Float32Array.from({ length: 12 }, (_, i) => i),
  })
  expect(activations.get('weight')!.input).toEqual({
    shape: [3, 2, 2],
    data: Float32Array.from({ length: 12 }, (_, i) => i),
  })
  expect(activations.get('weight')!.output.shape).toEqual([3, 2, 3])
  await observed.release()
})
