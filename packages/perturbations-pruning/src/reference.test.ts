import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { channelPruning } from './channel-pruning.ts'
import { filterPruning } from './filter-pruning.ts'
import { magnitudePruning } from './magnitude-pruning.ts'
import { semiStructuredPruning } from './semi-structured-pruning.ts'

interface Fixture {
  readonly layers: readonly {
    readonly layer: Layer
    readonly weights: readonly number[]
    readonly cases: readonly { readonly intensity: number; readonly zeros: readonly number[] }[]
  }[]
}

describe('the reference in numpy (tools/reference/plugins.py)', () => {
  it.each([magnitudePruning, filterPruning, channelPruning, semiStructuredPruning])(
    'agrees with $name on all kinds of layers',
    (pruning) => {
      const path = new URL(`../test/fixtures/${pruning.name}.json`, import.meta.url)
      const { layers } = JSON.parse(readFileSync(path, 'utf8')) as Fixture
      expect(layers).toHaveLength(6)
      for (const { layer, weights, cases } of layers) {
        for (const { intensity, zeros } of cases) {
          const expected = Float32Array.from(weights)
          for (const place of zeros) expected[place] = 0
          const pruned = pruning.apply(tensor(layer.weightShape, weights), intensity, { rng: rngFrom('unused'), layer })
          expect(pruned.data).toEqual(expected)
        }
      }
    },
  )
})
