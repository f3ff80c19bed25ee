import { readFileSync } from 'node:fs'
import { scoreLayers } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { findPerturbation } from '../src/plugins.ts'
import { criteria } from '../src/registry.generated.ts'
import { examples, expectClose, given, small } from './drawn-images.ts'
import { contextOf } from './context-of.ts'

const names = [
  'bounded-kl',
  'expected-drop',
  'flip-rate',
  'kl-gradient',
  'loss-delta',
  'output-kl',
  'output-mse',
  'single-sample-sweep',
  'zeroq-random',
] as const

interface Reference extends Readonly<Record<(typeof names)[number], readonly number[]>> {
  readonly model: string
  readonly layers: readonly string[]
}

const fixture = new URL('fixtures/probe-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]

describe('probes agree with PyTorch and numpy (tools/reference/probe_criteria.py)', () => {
  it.each(references)('on $model', async ({ model, layers, ...expected }) => {
    const level = { perturbation: await findPerturbation('magnitude-pruning'), intensity: 0.9 }
    await given(await small(model), {}, async (host) => {
      for (const name of names) {
        const { plugin } = criteria.find((its) => its.plugin.name === name)!
        const context = contextOf(host, level)
        const outcomes = await scoreLayers(plugin, context, { forwards: examples })
        const values = layers.map((layer) => outcomes.get(layer)?.value ?? NaN)
        expect(values).not.toContain(NaN)
        expectClose(values, expected[name])
      }
    })
  })
})
