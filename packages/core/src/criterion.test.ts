import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { byLayer, defineCriterion, isPerturbationAware, trackOf, type CriterionContext } from './criterion.ts'
import { exampleLayers } from './example-network.ts'
import type { Layer } from './layer.ts'
import type { Tensor } from './tensor.ts'

const about = {
  version: 1,
  summary: 'A criterion of this test.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  options: z.object({ power: z.number().positive().default(2) }),
}

describe('what a criterion may touch', () => {
  it('is what it declares, at compile time', () => {
    defineCriterion({
      ...about,
      name: 'typed',
      needs: ['weights'],
      score(context, options) {
        expectTypeOf(context.weights).toEqualTypeOf<(layer: Layer) => Tensor>()
        expectTypeOf(options).toEqualTypeOf<{ power: number }>()
        // @ts-expect-error labels are not among the needs
        String(context.labels)
        // @ts-expect-error neither are activations
        String(context.activations)
        return byLayer(context.layers, (layer) => context.weights(layer).data.length ** options.power)
      },
    })
  })

  it('is the union of several needs', () => {
    expectTypeOf<CriterionContext<'labels' | 'logits'>>().toHaveProperty('labels')
    expectTypeOf<CriterionContext<'labels' | 'logits'>>().toHaveProperty('logits')
    expectTypeOf<CriterionContext<'labels' | 'logits'>>().not.toHaveProperty('weights')
    expectTypeOf<CriterionContext<'perturbation'>>().toHaveProperty('perturbed')
  })

  it('is layers, randomness and the number of examples where it needs nothing', () => {
    expectTypeOf<keyof CriterionContext<never>>().toEqualTypeOf<'layers' | 'rng' | 'examples'>()
  })

  it('does not compile with a need that does not exist', () => {
    defineCriterion({
      ...about,
      name: 'unknown-need',
      // @ts-expect-error there is no such need
      needs: ['test-images'],
      score: ({ layers }) => byLayer(layers, () => 0),
    })
  })
})

describe('what a criterion is, from its needs', () => {
  it('a probe runs perturbed forward passes, a predictor none', () => {
    expect(trackOf({ needs: ['weights', 'perturbedForward'] })).toBe('probe')
    expect(trackOf({ needs: ['weights', 'activations', 'labels'] })).toBe('predictor')
  })

  it('a perturbation-aware one is scored at every level', () => {
    expect(isPerturbationAware({ needs: ['perturbation'] })).toBe(true)
    expect(isPerturbationAware({ needs: ['weights'] })).toBe(false)
  })
})

it('byLayer takes bare numbers and scores with an error', () => {
  const scores = byLayer(exampleLayers, (layer) =>
    layer.depth === 0 ? 1.5 : { value: layer.depth, standardError: 0.1 },
  )
  expect([...scores.values()]).toEqual([
    { value: 1.5 },
    { value: 1, standardError: 0.1 },
    { value: 2, standardError: 0.1 },
  ])
})
