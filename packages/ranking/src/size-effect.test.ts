import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type LayerSize, layerSizes, meanSizeEffect, type SizeEffect, sizeEffect } from './index.ts'

interface Case extends Record<LayerSize, number> {
  readonly name: string
  readonly sizes: Readonly<Record<LayerSize, readonly number[]>>
  readonly scores: readonly (number | null)[]
  readonly layers: number
}
const { cases } = JSON.parse(readFileSync(new URL('../test/fixtures/size-effects.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[]
}

it.each(cases)('agrees with scipy: $name', ({ sizes, scores, layers, ...expected }) => {
  const itsLayers = scores.map((_, layer) => ({
    parameters: sizes.parameters[layer]!,
    macs: sizes.macs[layer]!,
    depth: sizes.depth[layer]!,
  }))
  const effect = sizeEffect(scores, itsLayers)
  expect(effect).toMatchObject({ layers, constant: false })
  for (const size of layerSizes) expect(effect[size]).toBeCloseTo(expected[size], 12)
})

describe('known answers by hand', () => {
  const layer = (depth: number, parameters: number, macs = 7) => ({ parameters, macs, depth })
  const three = [layer(0, 10), layer(1, 30), layer(2, 20)]

  it('ρ of one swap among three is 1 − 6·2/24; of a size that all layers share there is none', () => {
    const expected: SizeEffect = { layers: 3, constant: false, parameters: 0.5, macs: null, depth: 1 }
    expect(sizeEffect([1, 2, 3], three)).toEqual(expected)
    expect(sizeEffect([-1, -2, -3], three)).toEqual({ ...expected, parameters: -0.5, depth: -1 })
  })

  it('constant scores follow nothing, and say so', () => {
    const expected: SizeEffect = { layers: 3, constant: true, parameters: 0, macs: null, depth: 0 }
    expect(sizeEffect([5, 5, 5], three)).toEqual(expected)
  })

  it('a layer without a finite score is left out', () => {
    const expected: SizeEffect = { layers: 2, constant: false, parameters: -1, macs: null, depth: 1 }
    expect(sizeEffect([null, 1, 2], three)).toEqual(expected)
    expect(sizeEffect([NaN, 1, 2], three)).toEqual(expected)
  })

  it('one layer, or none, has no correlation', () => {
    const none = { parameters: null, macs: null, depth: null }
    expect(sizeEffect([1], [layer(0, 10)])).toEqual({ layers: 1, constant: true, ...none })
    expect(sizeEffect([null, null, null], three)).toEqual({ layers: 0, constant: false, ...none })
  })

  it('the mean is first over the perturbations of a model, then over models, of what is known', () => {
    const of = (model: string, parameters: number | null) => ({ model, parameters, macs: null, depth: 1 })
    const effects = [of('a', 0.2), of('a', 0.4), of('b', 0.9), of('c', null), of('b', null)]
    const { parameters, macs, depth } = meanSizeEffect(effects)
    expect(parameters).toBeCloseTo((0.3 + 0.9) / 2, 12)
    expect(macs).toBeNull()
    expect(depth).toBe(1)
    expect(meanSizeEffect([])).toEqual({ parameters: null, macs: null, depth: null })
  })
})
