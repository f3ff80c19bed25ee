import { readFileSync } from 'node:fs'
import { scoreLayers } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { criteria } from '../src/registry.generated.ts'
import { expectClose, given, small } from './drawn-images.ts'
import { contextOf } from './context-of.ts'

const names = [
  'activation-effective-rank',
  'activation-entropy',
  'activation-range',
  'apoz',
  'block-influence',
  'cka-with-input',
  'hsic',
] as const

interface Reference extends Readonly<Record<(typeof names)[number], readonly (number | null)[]>> {
  readonly model: string
  readonly layers: readonly string[]
}

const fixture = new URL('fixtures/activation-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]

describe('criteria of activations agree with numpy (tools/reference/activation_criteria.py)', () => {
  it.each(references)('on $model', async ({ model, layers, ...expected }) => {
    await given(await small(model), { batch: 5 }, async (host) => {
      for (const name of names) {
        const { plugin } = criteria.find((its) => its.plugin.name === name)!
        const outcomes = await scoreLayers(plugin, contextOf(host))
        const values = layers.map((layer) => outcomes.get(layer)?.value ?? null)
        expect(values.map((value) => value === null)).toEqual(expected[name].map((value) => value === null))
        expectClose(numbersOf(values), numbersOf(expected[name]))
      }
    })
  })
})

function numbersOf(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}
