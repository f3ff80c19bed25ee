import { equalBytes, perturb, PluginError, rngFrom, tensor, type Layer, type Tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { initialReset } from './initial-reset.ts'

const weight = tensor([3], [4, -8, 0])
const context = (initial?: Tensor) => ({ rng: rngFrom('unused'), layer: { name: 'only' } as Layer, initial })

describe('initial-reset', () => {
  conformance(initialReset, it)

  it('goes the share α of the way to the values before training, and ends at their very bits', () => {
    const initial = tensor([3], [8, 8, -0])
    expect([...initialReset.apply(weight, 0.25, context(initial)).data]).toEqual([5, -4, 0])
    expect(equalBytes(initialReset.apply(weight, 1, context(initial)).data, initial.data)).toBe(true)
  })

  it('says that the initial values are missing, which is no fault of the intensity', () => {
    const missing = "needs the initial weight of layer 'only', which was not kept"
    expect(() => perturb(initialReset, weight, 0.5, context())).toThrow(PluginError)
    expect(() => perturb(initialReset, weight, 0.5, context())).toThrow(missing)
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => initialReset.apply(weight, alpha, context(weight))).toThrow(RangeError)
  })
})
