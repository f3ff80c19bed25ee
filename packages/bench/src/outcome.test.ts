import { tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { outcomeOf } from './outcome.ts'

describe('outcomes', () => {
  // Two classes: logits (ln 3, 0) are probabilities (3/4, 1/4).
  const clean = tensor([2, 2], [Math.log(3), 0, 0, Math.log(3)])

  it('of unchanged logits are the clean ones', () => {
    const outcome = outcomeOf(clean, clean, [0, 0])
    expect([...outcome.correct]).toEqual([1, 0])
    expect([...outcome.boundedKl]).toEqual([0, 0])
    expect(outcome).toMatchObject({ changed: 0, nonFinite: 0 })
    expect(outcome.sums.loss).toBeCloseTo(-Math.log(3 / 4) - Math.log(1 / 4), 6)
  })

  it('of swapped logits are worked out by hand', () => {
    // KL((3/4, 1/4) ‖ (1/4, 3/4)) = 3/4 ln 3 − 1/4 ln 3 = ½ ln 3, so 1 − exp(−KL) = 1 − 1/√3.
    const outcome = outcomeOf(clean, tensor([2, 2], [0, Math.log(3), Math.log(3), 0]), [0, 1])
    expect([...outcome.correct]).toEqual([0, 0])
    expect(outcome.changed).toBe(2)
    for (const bounded of outcome.boundedKl) expect(bounded).toBeCloseTo(1 - 1 / Math.sqrt(3), 6)
    expect(outcome.sums.kl).toBeCloseTo(Math.log(3), 6)
  })

  it('with a NaN or infinite logit are wrong and counted', () => {
    const outcome = outcomeOf(clean, tensor([2, 2], [NaN, 0, 0, Infinity]), [0, 1])
    expect([...outcome.correct]).toEqual([0, 0])
    expect([...outcome.boundedKl]).toEqual([1, 1])
    expect(outcome.nonFinite).toBe(2)
  })
})
