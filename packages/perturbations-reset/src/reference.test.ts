import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { initialReset } from './initial-reset.ts'
import { meanReset } from './mean-reset.ts'
import { zeroReset } from './zero-reset.ts'

interface Fixture {
  readonly weights: readonly number[]
  readonly initial: readonly number[]
  readonly cases: readonly { readonly alpha: number; readonly reset: readonly number[] }[]
}

describe('the reference in numpy (tools/reference/plugins.py)', () => {
  it.each([zeroReset, meanReset, initialReset])('agrees with $name', (perturbation) => {
    const path = new URL(`../test/fixtures/${perturbation.name}.json`, import.meta.url)
    const { weights, initial, cases } = JSON.parse(readFileSync(path, 'utf8')) as Fixture
    expect(cases).toHaveLength(6)
    for (const { alpha, reset } of cases) {
      const made = perturbation.apply(tensor([weights.length], weights), alpha, {
        rng: rngFrom('unused'),
        layer: {} as Layer,
        initial: tensor([initial.length], initial),
      })
      made.data.forEach((w, i) => expect(w).toBeCloseTo(reset[i]!, 7))
    }
  })
})
