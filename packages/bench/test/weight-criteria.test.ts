import { readFileSync } from 'node:fs'
import { type AnyCriterion, perturb, rngFrom, scoreLayers } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { loadModel } from '../src/model.ts'
import { criteria } from '../src/registry.generated.ts'
import { rounding } from './rounding.ts'

interface Reference {
  readonly model: string
  readonly layers: readonly string[]
  readonly scores: Readonly<Record<string, readonly number[]>>
}

const fixture = new URL('fixtures/weight-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]
const criterion = (name: string): AnyCriterion => criteria.find(({ plugin }) => plugin.name === name)!.plugin

describe('criteria of the weights agree with numpy and scipy (tools/reference/weight_criteria.py)', () => {
  it.each(references.map((its) => [its.model, its] as const))('on %s', async (_, { model, layers: names, scores }) => {
    const { onnx } = await loadModel({ reference: `zoo:${model}` })
    const { layers } = onnx
    const rng = rngFrom('test')
    expect(layers.map(({ name }) => name)).toEqual(names)
    for (const [name, expected] of Object.entries(scores)) {
      const outcomes = await scoreLayers(criterion(name), {
        layers,
        rng,
        examples: 0,
        weights: { weights: (layer) => onnx.weight(layer) },
        perturbation: {
          perturbation: rounding,
          intensity: 7,
          perturbed: (layer) => perturb(rounding, onnx.weight(layer), 7, { rng, layer }),
          once: async (_, compute) => compute(rng),
        },
      })
      for (const [at, layer] of names.entries()) {
        const value = outcomes.get(layer)?.value ?? NaN
        expect(Math.abs(value / expected[at]! - 1), `${name} of ${layer}: ${value}`).toBeLessThan(1e-7)
      }
    }
  })
})
