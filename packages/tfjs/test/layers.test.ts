import { InputError, type Tensor, type TensorsByLayer } from '@loadbearing/core'
import { type OnnxModel, readModel } from '@loadbearing/onnx'
import { describe, expect, it } from 'vitest'
import { type Differentiable, openDifferentiable } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { engine } from './engine.ts'
import { drawn, network, type Part } from './graph-builder.ts'

async function opened<Made>(
  part: Part,
  run: (network: Differentiable, model: OnnxModel) => Promise<Made>,
): Promise<Made> {
  const model = await readModel(network(part), { name: part.name })
  const differentiable = await openDifferentiable(model, engine)
  try {
    return await run(differentiable, model)
  } finally {
    differentiable.release()
  }
}

const examples = drawn('examples', [5, 4])
const labels = Int32Array.of(0, 1, 2, 1, 0)
const batch = { examples, labels }
const weight = drawn('weight', [4, 3])

const regression: Part = {
  name: 'regression',
  shape: [4],
  nodes: [['MatMul', ['x', 'weight'], 'scores']],
  constants: { weight },
}

/** The probabilities of a regression on these examples, in float64: [example][class]. */
const probabilities = [...labels.keys()].map((n) => {
  const logits = [0, 1, 2].map((k) =>
    [0, 1, 2, 3].reduce((sum, i) => sum + examples.data[n * 4 + i]! * weight.data[i * 3 + k]!, 0),
  )
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0)
  return logits.map((logit) => Math.exp(logit) / total)
})

const soft: Part = {
  ...regression,
  name: 'soft',
  nodes: [
    ['MatMul', ['x', 'weight'], 'made'],
    ['Softmax', ['made'], 'scores'],
  ],
}

describe('a regression', () => {
  it('has the gradient of the books: the mean of x (p − y)ᵀ', async () => {
    const expected = new Float32Array(12)
    for (const [n, p] of probabilities.entries()) {
      for (let i = 0; i < 4; i++) {
        for (let k = 0; k < 3; k++) {
          expected[i * 3 + k]! += (examples.data[n * 4 + i]! * (p[k]! - Number(labels[n] === k))) / 5
        }
      }
    }
    const made = await opened(regression, (each) => each.gradients(batch, 'loss'))
    expectCloseTo(made.get('weight')!, { shape: [4, 3], data: expected }, 1e-5)
  })

  it('has the trace of the books: the mean of ‖x‖² Σ p (1 − p)', async () => {
    const terms = probabilities.map((p, n) => {
      const square = examples.data.subarray(n * 4, n * 4 + 4).reduce((sum, x) => sum + x * x, 0)
      return square * p.reduce((sum, each) => sum + each * (1 - each), 0)
    })
    const expected = terms.reduce((sum, term) => sum + term, 0) / 5
    const trace = await opened(regression, async (each) => {
      let sum = 0
      for (let i = 0; i < 12; i++) {
        const data = Float32Array.from({ length: 12 }, (_, j) => Number(i === j))
        const product = await each.hessianProduct(batch, new Map([['weight', { shape: [4, 3], data }]]))
        sum += product.get('weight')!.data[i]!
      }
      return sum
    })
    expect(trace).toBeCloseTo(expected, 5)
  })

  it('has the same gradient where its outputs are probabilities', async () => {
    const [plain, made] = [regression, soft].map((part) => opened(part, (each) => each.gradients(batch, 'loss')))
    expectCloseTo((await made!).get('weight')!, (await plain!).get('weight')!, 1e-5)
  })
})

describe('a weight behind a Transpose', () => {
  const turned: Part = {
    ...regression,
    name: 'turned',
    nodes: [
      ['Transpose', ['stored'], 'weight', { perm: [1, 0] }],
      ['MatMul', ['x', 'weight'], 'scores'],
    ],
    constants: {
      stored: {
        shape: [3, 4],
        data: Float32Array.from({ length: 12 }, (_, i) => weight.data[(i % 4) * 3 + Math.floor(i / 4)]!),
      },
    },
  }
  const direction = drawn('direction', [4, 3])

  it('has its gradient and its Hessian product in the layout in which its layer is read', async () => {
    const run =
      (layer: string) =>
      async (each: Differentiable): Promise<[Tensor, Tensor]> => [
        (await each.gradients(batch, 'loss')).get(layer)!,
        (await each.hessianProduct(batch, new Map([[layer, direction]]))).get(layer)!,
      ]
    const expected = await opened(regression, run('weight'))
    const made = await opened(turned, run('stored'))
    for (const [i, each] of made.entries()) expectCloseTo(each, expected[i]!, 1e-6)
  })
})

it('adds up the gradients of all nodes that share a weight', async () => {
  const square = drawn('square', [4, 4], 0.5)
  const tail = drawn('tail', [4, 3])
  const apart: Part = {
    name: 'apart',
    shape: [4],
    nodes: [
      ['MatMul', ['x', 'first'], 'once'],
      ['Tanh', ['once'], 'active'],
      ['MatMul', ['active', 'second'], 'twice'],
      ['MatMul', ['twice', 'tail'], 'scores'],
    ],
    constants: { first: square, second: square, tail },
  }
  const nodes = apart.nodes.map(([op, inputs, output]): Part['nodes'][number] => [
    op,
    inputs.map((name) => (name === 'second' ? 'first' : name)),
    output,
  ])
  const shared: Part = { ...apart, name: 'shared', nodes, constants: { first: square, tail } }
  const gradients = (each: Differentiable): Promise<TensorsByLayer> => each.gradients(batch, 'loss')
  const [expected, made] = [await opened(apart, gradients), await opened(shared, gradients)]
  const sum = expected.get('first')!.data.map((value, i) => value + expected.get('second')!.data[i]!)
  expectCloseTo(made.get('first')!, { shape: [4, 4], data: sum }, 1e-5)
})

describe('what cannot be', () => {
  it('is a label that the network does not have, or a label too few', async () => {
    await opened(regression, async (each) => {
      const outside = each.gradients({ examples, labels: Int32Array.of(0, 1, 3, 1, 0) }, 'loss')
      await expect(outside).rejects.toThrow(new InputError('regression has 3 classes; there is no class 3.'))
      const few = each.gradients({ examples, labels: labels.subarray(1) }, 'loss')
      await expect(few).rejects.toThrow(new InputError('There are 5 examples and 4 labels.'))
    })
  })

  it('is a direction of another shape, or of no layer', async () => {
    await opened(regression, async (each) => {
      const wide = each.hessianProduct(batch, new Map([['weight', drawn('wide', [4, 4])]]))
      await expect(wide).rejects.toThrow(new InputError("Layer 'weight' has shape [4, 3], not [4, 4]."))
      const none = each.hessianProduct(batch, new Map())
      await expect(none).rejects.toThrow(new InputError('regression has none of the layers of the direction.'))
    })
  })

  it('is a weight of another shape', async () => {
    await opened(regression, async (each) => {
      const wide = each.gradients(batch, 'loss', undefined, new Map([['weight', drawn('wide', [4, 4])]]))
      await expect(wide).rejects.toThrow(new InputError("Layer 'weight' has shape [4, 3], not [4, 4]."))
    })
  })
})

describe('a network that ends in a softmax', () => {
  const logSoft: Part = { ...soft, name: 'log-soft', nodes: [soft.nodes[0]!, ['LogSoftmax', ['made'], 'scores']] }
  const written: Part = {
    ...soft,
    name: 'written out',
    nodes: [
      soft.nodes[0]!,
      ['ReduceMax', ['made', 'axes'], 'largest'],
      ['Sub', ['made', 'largest'], 'shifted'],
      ['Exp', ['shifted'], 'powers'],
      ['ReduceSum', ['powers', 'axes'], 'sum'],
      ['Div', ['powers', 'sum'], 'scores'],
    ],
    constants: { ...soft.constants, axes: [1] },
  }

  it.each([soft, logSoft, written])('has the logits in front of it for its logits: $name', async (part) => {
    const of = (each: Differentiable) =>
      Promise.all([
        each.gradients(batch, 'true-logit'),
        each.gradients(batch, 'logit-sum'),
        each.flowGradients(),
        each.outputMultipliers(batch, 'true-logit', drawn('baseline', [5, 4])),
      ])
    const [plain, made] = [await opened(regression, of), await opened(part, of)]
    for (const [i, tensors] of plain.entries()) {
      expectCloseTo(made[i]!.get('weight')!, tensors.get('weight')!, 1e-6)
    }
  })

  it('gives the logarithms of its probabilities all the same', async () => {
    for (const part of [soft, logSoft, written]) {
      const made = await opened(part, (each) => each.logits(examples))
      expectCloseTo(made, { shape: [5, 3], data: Float32Array.from(probabilities.flat(), Math.log) }, 1e-5)
    }
  })
})

describe('one probability', () => {
  const column = { shape: [4, 1], data: weight.data.slice(0, 4) }
  const one: Part = {
    ...regression,
    name: 'one',
    nodes: [
      ['MatMul', ['x', 'weight'], 'made'],
      ['Sigmoid', ['made'], 'scores'],
    ],
    constants: { weight: column },
  }
  const two = { examples, labels: Int32Array.of(0, 1, 0, 1, 1) }
  const products = [...labels.keys()].map((n) =>
    column.data.reduce((sum, w, i) => sum + w * examples.data[n * 4 + i]!, 0),
  )
  const meanOf = (factor: (n: number) => number): Float32Array =>
    Float32Array.from({ length: 4 }, (_, i) =>
      products.reduce((sum, _product, n) => sum + (factor(n) * examples.data[n * 4 + i]!) / 5, 0),
    )
  const signs = [...two.labels].map((label) => 2 * label - 1)

  it('has the logarithms of it and of the rest for scores', async () => {
    const made = await opened(one, (each) => each.logits(examples))
    const expected = products.flatMap((z) => [-Math.log(1 + Math.exp(z)), -Math.log(1 + Math.exp(-z))])
    expectCloseTo(made, { shape: [5, 2], data: Float32Array.from(expected) }, 1e-5)
  })

  it.each([
    // Of the mean cross-entropy of p = σ(z): x (p − y).
    ['loss', (n: number) => 1 / (1 + Math.exp(-products[n]!)) - two.labels[n]!],
    // ±z / 2 for the one class and the other; both together, z.
    ['true-logit', (n: number) => signs[n]! / 2],
    ['logit-sum', () => 1],
  ] as const)('has the gradient of the %s', async (objective, factor) => {
    const made = await opened(one, (each) => each.gradients(two, objective))
    expectCloseTo(made.get('weight')!, { shape: [4, 1], data: meanOf(factor) }, 1e-5)
  })
})

it('has a flow that is the magnitudes of all that is stored, but scalars', async () => {
  const scaled: Part = {
    ...regression,
    name: 'scaled',
    nodes: [
      ['MatMul', ['x', 'weight'], 'made'],
      ['Add', ['made', 'bias'], 'shifted'],
      ['Mul', ['shifted', 'factor'], 'scores'],
    ],
    constants: { weight, bias: drawn('bias', [3]), factor: { shape: [], data: Float32Array.of(-2) } },
  }
  const made = await opened(scaled, (each) => each.flowGradients())
  expect([...made.get('weight')!.data]).toEqual(Array(12).fill(-2))
})

it('has a flow through one channel as through several: its bias is no setting', async () => {
  const narrow: Part = {
    name: 'narrow',
    shape: [2],
    nodes: [
      ['MatMul', ['x', 'first'], 'made'],
      ['Add', ['made', 'bias'], 'shifted'],
      ['Relu', ['shifted'], 'open'],
      ['MatMul', ['open', 'second'], 'scores'],
    ],
    constants: {
      first: { shape: [2, 1], data: Float32Array.of(1, 2) },
      bias: { shape: [1], data: Float32Array.of(-100) },
      second: { shape: [1, 3], data: Float32Array.of(1, -1, 1) },
    },
  }
  const made = await opened(narrow, (each) => each.flowGradients())
  // 1 + 2 + 100 flow through the channel, and three ways lead on.
  expect([...made.get('first')!.data]).toEqual([3, 3])
  expect([...made.get('second')!.data]).toEqual([103, 103, 103])
})

describe('what a layer reads and makes', () => {
  const swapped: Part = {
    name: 'tokens in front',
    shape: [3, 2],
    nodes: [
      ['Transpose', ['x'], 'tokens', { perm: [1, 0, 2] }],
      ['MatMul', ['tokens', 'first'], 'made'],
      ['Relu', ['made'], 'positive'],
      ['Transpose', ['positive'], 'back', { perm: [1, 0, 2] }],
      ['Flatten', ['back'], 'flat'],
      ['MatMul', ['flat', 'second'], 'scores'],
    ],
    constants: { first: drawn('first', [2, 4]), second: drawn('second', [12, 3]) },
  }
  const usual: Part = {
    ...swapped,
    name: 'batch in front',
    nodes: [
      ['MatMul', ['x', 'first'], 'made'],
      ['Relu', ['made'], 'positive'],
      ['Flatten', ['positive'], 'flat'],
      ['MatMul', ['flat', 'second'], 'scores'],
    ],
  }

  it('has the batch in front, wherever the graph has it', async () => {
    const given = { examples: drawn('given', [5, 3, 2]), labels }
    const of = async (each: Differentiable, { layers }: OnnxModel) => {
      const [layer] = layers
      const baseline = drawn('baseline', [5, 3, 2])
      const gradients = (await each.activationGradients(given, 'loss')).get('first')!
      return [
        gradients.input,
        gradients.output,
        await each.outputGradients(given, 'loss', layer!, { alpha: 0.3, baseline }),
        (await each.outputMultipliers(given, 'true-logit', baseline)).get('first')!,
      ]
    }
    const [expected, made] = [await opened(usual, of), await opened(swapped, of)]
    expect(expected[1]!.shape).toEqual([5, 3, 4])
    for (const [i, tensor] of expected.entries()) expectCloseTo(made[i]!, tensor, 1e-6)
  })
})
