import { readFileSync } from 'node:fs'
import { scoreLayers } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { criteria } from '../src/registry.generated.ts'
import { given, small } from './drawn-images.ts'
import { contextOf } from './context-of.ts'

/** With the points at which the reference takes the integrals. */
const options = {
  'deeplift-rescale': {},
  'grad-cam': {},
  'grad-cam-mean': {},
  'gradient-times-output': {},
  'integrated-gradients': { examples: 12, steps: 8 },
  'integrated-removal': { steps: 8 },
  'internal-influence': { steps: 16 },
  'internal-influence-mean': { steps: 16 },
  'layer-conductance': { examples: 12, steps: 16 },
} as const

interface Reference extends Readonly<Record<keyof typeof options, readonly number[]>> {
  readonly model: string
  readonly layers: readonly string[]
}

const fixture = new URL('fixtures/attribution-criteria.json', import.meta.url)
const references = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Reference[]

describe('criteria of attribution agree with PyTorch and Captum (tools/reference/attribution_criteria.py)', () => {
  it.each(references)('on $model', async ({ model, layers, ...expected }) => {
    await given(await small(model), { batch: 12 }, async (host) => {
      for (const [name, its] of Object.entries(options) as [keyof typeof options, object][]) {
        const { plugin } = criteria.find((each) => each.plugin.name === name)!
        const outcomes = await scoreLayers(plugin, contextOf(host), its)
        for (const [i, layer] of layers.entries()) {
          expect((outcomes.get(layer)?.value ?? NaN) / expected[name][i]!, `${name} of ${layer}`).toBeCloseTo(1, 3)
        }
      }
    })
  })
})

describe('expected-gradients', () => {
  it('comes within its error of what it is of every baseline and many points', async () => {
    await given(await small('lenet-fashion', 3), {}, async (host) => {
      const { plugin } = criteria.find((each) => each.plugin.name === 'expected-gradients')!
      const context = contextOf(host)
      const { activations, gradients, layers } = context
      const scored = await scoreLayers(plugin, context, { draws: 64, precision: 0.01 })
      const [layer] = layers
      let made = new Float32Array()
      for await (const its of activations!.activations()) made = new Float32Array(its.get(layer!.name)!.output.data)
      const size = made.length / 3
      const mean = new Float64Array(made.length)
      for (const shift of [1, 2]) {
        for (let point = 0; point < 32; point++) {
          const within = { alpha: (point + 0.5) / 32, baseline: { shift } }
          for await (const { data } of gradients!.outputGradients(layer!, within, { objective: 'true-logit' })) {
            for (const [i, gradient] of data.entries()) {
              mean[i]! += ((made[i]! - made[(i + shift * size) % made.length]!) * gradient) / 64
            }
          }
        }
      }
      const expected = mean.reduce((sum, value) => sum + Math.abs(value), 0) / 3
      const outcome = scored.get(layer!.name)!
      if (outcome.value === undefined) throw new Error(outcome.reason)
      expect(outcome.standardError).toBeLessThan(0.2 * expected)
      expect(Math.abs(outcome.value - expected)).toBeLessThan(4 * outcome.standardError!)
    })
  })
})
