import {
  type AnyCriterion,
  definePerturbation,
  type Layer,
  rngFrom,
  scoreLayers,
  type ScoreOutcome,
  sizeOf,
  tensor,
  type Tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localOutputError } from './local-output-error.ts'
import { squaredGradientError } from './squared-gradient-error.ts'

const other = definePerturbation({
  name: 'other-weights',
  family: 'reset',
  version: 1,
  summary: 'Puts other weights in place of the layer’s.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  target: 'weights',
  unit: 'none',
  intensities: [1, 2, 3, 4, 5],
  stochastic: false,
  apply: (weight) => weight,
})

interface Case {
  readonly layer: Layer
  readonly weight: Tensor
  readonly moved: Tensor
  readonly input: Tensor
  readonly output: Tensor
  readonly gradient?: Tensor
}

/** Scores one layer whose activations come in batches of one example. */
async function outcomeOf(criterion: AnyCriterion, its: Case, options = {}): Promise<ScoreOutcome> {
  const { layer, weight, moved, input, output, gradient = output } = its
  const examples = input.shape[0]!
  const row = ({ shape, data }: Tensor, n: number): Tensor => {
    const size = sizeOf(shape.slice(1))
    return tensor([1, ...shape.slice(1)], data.slice(n * size, (n + 1) * size))
  }
  const unused = () => {
    throw new Error('not asked for')
  }
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [layer],
      rng: rngFrom('test'),
      examples,
      weights: { weights: () => weight },
      labels: { labels: new Int32Array(examples) },
      activations: {
        async *activations({ examples: count = examples } = {}) {
          for (let n = 0; n < count; n++) {
            yield new Map([[layer.name, { input: row(input, n), output: row(output, n) }]])
          }
        },
      },
      gradients: {
        gradients: unused,
        exampleGradients: unused,
        outputGradients: unused,
        outputMultipliers: unused,
        flowGradients: unused,
        async *activationGradients({ examples: count = examples } = {}) {
          for (let n = 0; n < count; n++) {
            yield {
              examples: 1,
              gradients: new Map([[layer.name, { input: row(input, n), output: row(gradient, n) }]]),
            }
          }
        },
      },
      perturbation: {
        perturbation: other,
        intensity: 1,
        perturbed: () => moved,
        once: async (key, compute) => compute(rngFrom(key)),
      },
    },
    options,
  )
  return outcomes.get(layer.name)!
}

const valueOf = async (criterion: AnyCriterion, its: Case, options = {}): Promise<number> =>
  (await outcomeOf(criterion, its, options)).value ?? NaN

const layerOf = (more: Partial<Layer>): Layer => ({
  name: 'only',
  op: 'Gemm',
  nodes: ['only'],
  depth: 0,
  weightShape: [],
  outputAxis: 0,
  inputAxis: 1,
  groups: 1,
  parameters: 0,
  macs: 0,
  inputShape: [],
  outputShape: [],
  ...more,
})

/** Two inputs, one output: 3 x₀ − 4 x₁ + 1, of which the perturbation makes 2 x₀ − 2 x₁ + 1. */
const dense: Case = {
  layer: layerOf({ weightShape: [1, 2], inputShape: [2], outputShape: [1] }),
  weight: tensor([1, 2], [3, -4]),
  moved: tensor([1, 2], [2, -2]),
  input: tensor([2, 2], [1, 1, 3, 1]),
  output: tensor([2, 1], [0, 6]),
  gradient: tensor([2, 1], [3, 2]),
}

/** Kernel, what it reads and what it makes, in two axes of space. */
interface Geometry {
  readonly op: 'Conv' | 'ConvTranspose'
  readonly groups: number
  readonly inputs: number
  readonly outputs: number
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  readonly read: readonly number[]
  readonly made: readonly number[]
  readonly examples: number
  readonly seed: number
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }))

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    op: fc.constantFrom('Conv' as const, 'ConvTranspose' as const),
    groups: fc.integer({ min: 1, max: 3 }),
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    kernel: pair(1, 3),
    strides: pair(1, 3),
    dilations: pair(1, 2),
    pads: pair(0, 2),
    endPads: pair(0, 2),
    read: pair(3, 6),
    examples: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
  })
  .map(({ endPads, ...its }) => {
    const made = its.read.map((size, axis) => {
      const [stride, extent] = [its.strides[axis]!, (its.kernel[axis]! - 1) * its.dilations[axis]! + 1]
      const around = its.pads[axis]! + endPads[axis]!
      return its.op === 'Conv'
        ? Math.floor((size + around - extent) / stride) + 1
        : (size - 1) * stride + extent - around
    })
    return { ...its, made }
  })
  // A single place would not tell the bias from a factor.
  .filter(({ made, examples }) => made.every((size) => size > 0) && examples * sizeOf(made) > 1)

/** What a convolution makes of one example: every input is spread over what it reaches. */
function convolved(its: Geometry, weight: Float32Array, input: Float32Array): Float64Array {
  const { op, groups, inputs, outputs, kernel, strides, dilations, pads, read, made } = its
  const result = new Float64Array(groups * outputs * sizeOf(made))
  const at = (shape: readonly number[], [y, x]: readonly number[]): number => y! * shape[1]! + x!
  for (let y = 0; y < read[0]!; y++)
    for (let x = 0; x < read[1]!; x++)
      for (let v = 0; v < kernel[0]!; v++)
        for (let u = 0; u < kernel[1]!; u++) {
          const [from, tap] = [[y, x], [v, u]] // prettier-ignore
          const to = from.map((place, axis) => {
            const reach = tap[axis]! * dilations[axis]!
            if (op === 'ConvTranspose') return place * strides[axis]! + reach - pads[axis]!
            return (place + pads[axis]! - reach) / strides[axis]!
          })
          if (to.some((place, axis) => !Number.isInteger(place) || place < 0 || place >= made[axis]!)) continue
          for (let g = 0; g < groups; g++)
            for (let i = 0; i < inputs; i++)
              for (let o = 0; o < outputs; o++) {
                const [first, second] = op === 'Conv' ? [g * outputs + o, i] : [g * inputs + i, o]
                const width = op === 'Conv' ? inputs : outputs
                const w = weight[(first * width + second) * sizeOf(kernel) + at(kernel, tap)]!
                const value = input[(g * inputs + i) * sizeOf(read) + at(read, from)]!
                result[(g * outputs + o) * sizeOf(made) + at(made, to)]! += w * value
              }
        }
  return result
}

function caseOf(its: Geometry): { case: Case; changes: Float64Array[] } {
  const { op, groups, inputs, outputs, kernel, strides, dilations, pads, read, made, examples, seed } = its
  const rng = rngFrom(seed)
  const normals = (...shape: number[]): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    )
  const weightShape = op === 'Conv' ? [groups * outputs, inputs, ...kernel] : [groups * inputs, outputs, ...kernel]
  const [weight, moved] = [normals(...weightShape), normals(...weightShape)]
  const input = normals(examples, groups * inputs, ...read)
  const size = groups * inputs * sizeOf(read)
  const of = (data: Float32Array): Float64Array[] =>
    Array.from({ length: examples }, (_, n) => convolved(its, data, input.data.subarray(n * size, (n + 1) * size)))
  const bias = normals(groups * outputs).data
  const output = of(weight.data).flatMap((values) => [...values.map((y, i) => y + bias[Math.floor(i / sizeOf(made))]!)])
  return {
    case: {
      layer: layerOf({
        op,
        groups,
        weightShape,
        outputAxis: op === 'Conv' ? 0 : 1,
        inputAxis: op === 'Conv' ? 1 : 0,
        inputShape: [groups * inputs, ...read],
        outputShape: [groups * outputs, ...made],
        window: { strides, dilations, pads },
      }),
      weight,
      moved,
      input,
      output: tensor([examples, groups * outputs, ...made], output),
      gradient: normals(examples, groups * outputs, ...made),
    },
    changes: of(moved.data.map((w, i) => w - weight.data[i]!)),
  }
}

const everywhere = { positions: 1_000_000 }

for (const criterion of [localOutputError, squaredGradientError]) conformance(criterion, it)

describe('what the perturbation adds to the output of a layer', () => {
  it('is squared and averaged over examples: −1 + 2 and −3 + 2 of a matrix', async () => {
    expect(await valueOf(localOutputError, dense)).toBeCloseTo(1, 12)
    expect(await valueOf(squaredGradientError, dense)).toBeCloseTo((9 + 4) / 2, 12)
    // Of one example that does without the constant.
    const plain = { ...dense, output: tensor([2, 1], [-1, 5]) }
    expect(await valueOf(localOutputError, plain, { examples: 1 })).toBeCloseTo(1, 12)
    expect(await valueOf(squaredGradientError, plain, { examples: 1 })).toBeCloseTo(9, 12)
  })

  it('is that of every matrix, on either side and transposed, at all places', async () => {
    // Two features at three places, the weight on the right; its transpose on the left makes the transposed.
    const [weight, moved] = [[1, 2, 3, 4], [1, 3, 3, 4]] // prettier-ignore
    const right: Case = {
      layer: layerOf({ op: 'MatMul', weightShape: [2, 2], outputAxis: 1, inputAxis: 0, inputShape: [3, 2], outputShape: [3, 2] }), // prettier-ignore
      weight: tensor([2, 2], weight),
      moved: tensor([2, 2], moved),
      input: tensor([1, 3, 2], [1, 0, 0, 1, 2, 1]),
      output: tensor([1, 3, 2], [1, 2, 3, 4, 5, 8]),
    }
    const left: Case = {
      layer: layerOf({ op: 'MatMul', weightShape: [2, 2], inputShape: [2, 3], outputShape: [2, 3] }),
      weight: tensor([2, 2], [1, 3, 2, 4]),
      moved: tensor([2, 2], [1, 3, 3, 4]),
      input: tensor([1, 2, 3], [1, 0, 2, 0, 1, 1]),
      output: tensor([1, 2, 3], [1, 3, 5, 2, 4, 8]),
    }
    // One weight grew by 1: the second output, by the first feature, 1, 0 and 2; where it is 2, 0, 4, 8 with the output as gradient.
    for (const its of [right, left]) {
      expect(await valueOf(localOutputError, its)).toBe(1 + 4)
      expect(await valueOf(squaredGradientError, its)).toBe((2 * 1) ** 2 + (8 * 2) ** 2)
    }
  })

  it('is that of every convolution, transposed or not, however its kernel moves, with all places looked at', async () => {
    await fc.assert(
      fc.asyncProperty(geometries, async (geometry) => {
        const { case: its, changes } = caseOf(geometry)
        const gradients = its.gradient!.data
        const [plain, weighed] = [0, 1].map((weighing) => {
          const squares = changes.flatMap((change, n) =>
            [...change].map((y, i) => (weighing ? y * gradients[n * change.length + i]! : y) ** 2),
          )
          return squares.reduce((sum, square) => sum + square, 0) / changes.length
        }) as [number, number]
        const near = (expected: number): unknown => expect.closeTo(expected, 4 - Math.ceil(Math.log10(expected + 1)))
        expect(await valueOf(localOutputError, its, everywhere)).toEqual(near(plain))
        expect(await valueOf(squaredGradientError, its, everywhere)).toEqual(near(weighed))
      }),
      { numRuns: 150 },
    )
  })

  it('is estimated without bias where not all places are looked at, the same whatever comes in a batch', async () => {
    const [one, whole] = [[1, 1], [16, 16]] // prettier-ignore
    const { case: its } = caseOf({
      ...{ op: 'Conv' as const, groups: 2, inputs: 2, outputs: 2, kernel: [3, 3] },
      ...{ strides: one, dilations: one, pads: one, read: whole, made: whole, examples: 3, seed: 5 },
    })
    for (const criterion of [localOutputError, squaredGradientError]) {
      const [all, some] = [await valueOf(criterion, its, everywhere), await valueOf(criterion, its, { positions: 300 })]
      expect(some).not.toBe(all)
      expect(Math.abs(some / all - 1)).toBeLessThan(0.2)
      expect(await valueOf(criterion, its, { positions: 300 })).toBe(some)
    }
  })

  it('is 0 where the perturbation moves nothing, the layer reads zeros or nothing depends on it', async () => {
    const still = { ...dense, moved: dense.weight }
    const dark = { ...dense, input: tensor([2, 2], [0, 0, 0, 0]), output: tensor([2, 1], [1, 1]) }
    for (const criterion of [localOutputError, squaredGradientError]) {
      expect(await valueOf(criterion, still)).toBe(0)
      expect(await valueOf(criterion, dark)).toBe(0)
    }
    expect(await valueOf(squaredGradientError, { ...dense, gradient: tensor([2, 1], [0, 0]) })).toBe(0)
  })
})

describe('a layer that is no weighted sum of what it reads has a reason in place of a score', () => {
  it.each([
    ['scales it', { ...dense, output: tensor([2, 1], [-1, 11]) }, 'it makes something else'],
    ['stacks matrices', { ...dense, layer: layerOf({ weightShape: [2, 1, 2] }) }, 'its weight is a stack of matrices'],
    ['hides how its kernel moves', { ...dense, layer: layerOf({ op: 'Conv' }) }, 'nothing tells how its kernel moves'],
    ['reads what is not a number', { ...dense, input: tensor([2, 2], [NaN, 1, 3, 1]) }, 'gave NaN'],
  ] as const)('that %s', async (_, its, reason) => {
    for (const criterion of [localOutputError, squaredGradientError]) {
      expect((await outcomeOf(criterion, its)).reason).toMatch(reason)
    }
  })

  it('nor has one of which a single row, or rows that are equal, tell no constant from a factor', async () => {
    // Of (1, 1), the weight makes −1: what is made is twice that, or it and the constant 1.
    const [twice, plusOne] = [tensor([2, 1], [-2, -2]), tensor([2, 1], [0, 0])]
    const input = tensor([2, 2], [1, 1, 1, 1])
    for (const criterion of [localOutputError, squaredGradientError]) {
      for (const output of [twice, plusOne]) {
        for (const examples of [1, 2]) {
          const { reason } = await outcomeOf(criterion, { ...dense, input, output }, { examples })
          expect(reason).toBe('it reads the same wherever it is looked at, which can’t tell a constant from a factor')
        }
      }
    }
  })
})
