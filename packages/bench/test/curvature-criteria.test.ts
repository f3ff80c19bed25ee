import { readFileSync } from 'node:fs'
import { isPerturbationAware, scoreLayers } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import type { Host } from '../src/host.ts'
import { criteria } from '../src/registry.generated.ts'
import { expectClose, given, small } from './drawn-images.ts'
import { rounding } from './rounding.ts'
import { contextOf } from './context-of.ts'

const exact = ['fit', 'fisher-error', 'local-output-error', 'squared-gradient-error'] as const
const drawn = ['obd-diagonal', 'obd-error', 'hawq-v2'] as const

interface Reference {
  readonly model: string
  readonly layers: readonly string[]
  readonly scores: Readonly<
    Record<(typeof exact)[number] | (typeof drawn)[number] | 'top-eigenvalue', readonly number[]>
  >
}

const fixture = new URL('fixtures/curvature-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]

async function scored(host: Host, layers: readonly string[], name: string, options = {}) {
  const { plugin } = criteria.find((its) => its.plugin.name === name)!
  const level = isPerturbationAware(plugin) ? { perturbation: rounding, intensity: 7 } : undefined
  const outcomes = await scoreLayers(plugin, contextOf(host, level), options)
  return layers.map((layer) => ({ value: NaN, standardError: NaN, ...outcomes.get(layer) }))
}

describe('criteria of curvature agree with PyTorch (tools/reference/curvature_criteria.py)', () => {
  it.each(references)('those without Hessian products on $model', async ({ model, layers, scores }) => {
    await given(await small(model), { batch: 5 }, async (host) => {
      for (const name of exact) {
        const everywhere = name.startsWith('f') ? {} : { positions: 1_000_000 }
        const found = await scored(host, layers, name, everywhere)
        expectClose(
          found.map(({ value }) => value),
          scores[name],
        )
      }
    })
  })

  it('those of Hessian products on lenet-fashion', async () => {
    const { model, layers, scores } = references.find((its) => its.model === 'lenet-fashion')!
    await given(await small(model), {}, async (host) => {
      for (const name of drawn) {
        const found = await scored(host, layers, name, { draws: 8 })
        for (const [i, { value, standardError }] of found.entries()) {
          expect(Math.abs(value - scores[name][i]!), name).toBeLessThan(4 * standardError)
        }
      }
      const found = await scored(host, layers, 'top-eigenvalue')
      for (const [i, { value }] of found.entries()) {
        expect(Math.abs(value / scores['top-eigenvalue'][i]! - 1)).toBeLessThan(0.01)
      }
    })
  })
})
