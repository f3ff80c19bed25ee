import { ModelError, type Tensor } from '@loadbearing/core'
import { readModel } from '@loadbearing/onnx'
import { describe, expect, it } from 'vitest'
import { openDifferentiable } from '../src/index.ts'
import { engine } from './engine.ts'
import { network, type Part, type TestNode } from './graph-builder.ts'

const rows = (...values: (readonly number[])[]): Tensor => ({
  shape: [values.length, values[0]!.length],
  data: Float32Array.from(values.flat()),
})
const identity = (size: number): Tensor => ({
  shape: [size, size],
  data: Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0)),
})

/** Multipliers, for the sum of y, of what a first layer makes that hands its input on. */
async function multipliersOf(
  nodes: readonly TestNode[],
  example: readonly number[],
  baseline: readonly number[],
  constants: Part['constants'] = {},
): Promise<number[]> {
  const size = example.length
  const part: Part = {
    name: 'small',
    shape: [size],
    // A classifier has two scores at least.
    nodes: [['MatMul', ['x', 'weight'], 'made'], ...nodes, ['Concat', ['y', 'y'], 'scores', { axis: 1 }]],
    constants: { weight: identity(size), ...constants },
  }
  const model = await readModel(network(part), { name: part.name })
  const differentiable = await openDifferentiable(model, engine)
  try {
    const batch = { examples: rows(example), labels: Int32Array.of(0) }
    const made = await differentiable.outputMultipliers(batch, 'logit-sum', rows(baseline))
    return [...made.get('weight')!.data].map((twice) => twice / 2)
  } finally {
    differentiable.release()
  }
}

function expectClose(made: readonly number[], expected: readonly number[]): void {
  expect(made).toHaveLength(expected.length)
  for (const [i, value] of expected.entries()) expect(made[i]).toBeCloseTo(value, 5)
}

describe('multipliers', () => {
  it('of a function of one number are its slopes between both, and its derivative where both are the same', async () => {
    const relu: TestNode[] = [['Relu', ['made'], 'y']]
    // From −1 to 3 the function gains 3, from 2 to −2 it loses 2; above zero it is linear, below it is flat.
    expectClose(await multipliersOf(relu, [3, -2, 5, -1, 4, -4], [-1, 2, 1, -3, 4, -4]), [3 / 4, 1 / 2, 1, 0, 1, 0])
    // Without a lower bound, which is an optional input.
    const clip: TestNode[] = [['Clip', ['made', '', 'most'], 'y']]
    const most = { shape: [], data: Float32Array.of(2) }
    expectClose(await multipliersOf(clip, [6, -5], [-2, 1], { most }), [1 / 2, 1])
    const sigmoid: TestNode[] = [['Sigmoid', ['made'], 'y']]
    const at = (x: number): number => 1 / (1 + Math.exp(-x))
    expectClose(await multipliersOf(sigmoid, [3, 1], [-1, 1]), [(at(3) - at(-1)) / 4, at(1) * (1 - at(1))])
  })

  it('of a product are the mean of the other factor', async () => {
    // (a, b) goes from (1, 4) to (3, 10): what a gains counts 7, what b gains counts 2, and 2 · 7 + 6 · 2 = 30 − 4.
    const nodes: TestNode[] = [
      ['Slice', ['made', 'zero', 'one', 'one'], 'a'],
      ['Slice', ['made', 'one', 'two', 'one'], 'b'],
      ['Mul', ['a', 'b'], 'y'],
    ]
    expectClose(await multipliersOf(nodes, [3, 10], [1, 4], { zero: [0], one: [1], two: [2] }), [7, 2])
  })

  it('of a quotient are those of a product with 1 / x', async () => {
    // a / b from 1 / 4 to 3 / 10: the mean of 1 / b is .175; 1 / b has the slope −1 / 40, times the mean of a, 2.
    const nodes: TestNode[] = [
      ['Slice', ['made', 'zero', 'one', 'one'], 'a'],
      ['Slice', ['made', 'one', 'two', 'one'], 'b'],
      ['Div', ['a', 'b'], 'y'],
    ]
    expectClose(await multipliersOf(nodes, [3, 10], [1, 4], { zero: [0], one: [1], two: [2] }), [0.175, -0.05])
  })

  it('of a maximum are the shares of the way on which a place holds it', async () => {
    const nodes: TestNode[] = [
      ['Reshape', ['made', 'image'], 'places'],
      ['MaxPool', ['places'], 'largest', { kernel_shape: [2, 2], strides: [2, 2] }],
      ['Reshape', ['largest', 'flat'], 'y'],
    ]
    const constants = { image: [-1, 1, 2, 2], flat: [-1, 1] }
    // 4 → 2 and 1 → 7 cross after 3 / 8 of the way; the other two never hold the maximum.
    expectClose(await multipliersOf(nodes, [2, 7, 0, 1], [4, 1, 0, 0], constants), [3 / 8, 5 / 8, 0, 0])
    // Of equal places, the one that gains the most; of the same everywhere, the first.
    expectClose(await multipliersOf(nodes, [2, 7, 0, 1], [1, 1, 1, 1], constants), [0, 1, 0, 0])
    expectClose(await multipliersOf(nodes, [1, 1, 1, 1], [1, 1, 1, 1], constants), [1, 0, 0, 0])
    expectClose(await multipliersOf(nodes, [-1, -2, -1, -3], [1, 1, 1, 1], constants), [1, 0, 0, 0])
  })

  it('refuse a node without a rule, by name', async () => {
    const refused = multipliersOf([['LogSoftmax', ['made'], 'y', { axis: 1 }]], [1, 2], [0, 0])
    await expect(refused).rejects.toThrow(ModelError)
    await expect(refused).rejects.toThrow("'LogSoftmax_1'")
  })
})
