import { describe, expect, it } from 'vitest'
import { exampleWeights, layerOf } from './example-network.ts'
import { PluginError } from './errors.ts'
import { definePerturbation, equalBytes, perturb, type WeightPerturbation } from './perturbation.ts'
import { rngFrom } from './rng.ts'
import { tensor, type Tensor } from './tensor.ts'

const withApply = (apply: WeightPerturbation['apply']): WeightPerturbation =>
  definePerturbation({
    name: 'mine',
    family: 'noise',
    version: 1,
    summary: 'A perturbation of this test.',
    reference: { title: 'Loadbearing', url: 'https://example.com/' },
    target: 'weights',
    unit: 'times',
    intensities: [1, 2, 3, 4, 5],
    stochastic: false,
    apply,
  })

describe('perturb', () => {
  const [weight] = exampleWeights()
  const context = { rng: rngFrom('test'), layer: layerOf(weight) }
  const run = (apply: WeightPerturbation['apply']): Tensor => perturb(withApply(apply), weight, 2, context)

  it('returns what the perturbation made', () => {
    const doubled = run(({ shape, data }, intensity) =>
      tensor(
        shape,
        data.map((value) => value * intensity),
      ),
    )
    expect(doubled.data[5]).toBe(Math.fround(weight.data[5]! * 2))
  })

  it.each<[string, WeightPerturbation['apply']]>([
    [
      'threw: out of reach',
      () => {
        throw new RangeError('out of reach')
      },
    ],
    ['changed the weights it was given', ({ shape, data }) => tensor(shape, data.fill(0).slice())],
    ['changed the weights it was given', (lent) => lent],
    ['returned shape [288] for [8, 4, 3, 3]', ({ data }) => tensor([288], data.slice())],
    [
      'returned NaN or an infinite value',
      ({ shape, data }) =>
        tensor(
          shape,
          data.map(() => NaN),
        ),
    ],
    [
      'returned NaN or an infinite value',
      ({ shape, data }) =>
        tensor(
          shape,
          data.map(() => Infinity),
        ),
    ],
  ])('says that it %s, names layer and intensity, and keeps the original', (fault, apply) => {
    const before = weight.data.slice()
    expect(() => run(apply)).toThrow(PluginError)
    expect(() => run(apply)).toThrow(`Perturbation 'mine' ${fault} (layer 'example.weight', intensity 2).`)
    expect(weight.data).toEqual(before)
  })

  it('names the grid where the intensity is out of range', () => {
    const refuse = (): Tensor => {
      throw new RangeError('out of reach')
    }
    expect(() => run(refuse)).toThrow(expect.objectContaining({ hint: 'Its grid (times): 1, 2, 3, 4, 5.' }))
  })
})

it('equalBytes tells −0 from 0 and finds NaN equal to itself', () => {
  expect(equalBytes(Float32Array.of(0), Float32Array.of(-0))).toBe(false)
  expect(equalBytes(Float32Array.of(NaN, 1), Float32Array.of(NaN, 1))).toBe(true)
  expect(equalBytes(Float32Array.of(1), Float32Array.of(1, 2))).toBe(false)
})
