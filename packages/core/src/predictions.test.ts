import { describe, expect, it } from 'vitest'
import { crossEntropies, predictedClasses } from './predictions.ts'
import { tensor } from './tensor.ts'

describe('predictedClasses', () => {
  it('is the first of equal logits', () => {
    expect([...predictedClasses(tensor([2, 3], [1, 2, 2, 3, 0, 3]))]).toEqual([1, 0])
  })

  it('is no class where a logit is NaN or infinite', () => {
    expect([...predictedClasses(tensor([3, 2], [NaN, 0, 0, Infinity, -Infinity, 0]))]).toEqual([-1, -1, -1])
  })
})

describe('crossEntropies', () => {
  it('by hand: logits (ln 3, 0) are probabilities (3/4, 1/4)', () => {
    const losses = crossEntropies(tensor([2, 2], [Math.log(3), 0, Math.log(3), 0]), [0, 1])
    expect(losses[0]).toBeCloseTo(-Math.log(3 / 4), 6)
    expect(losses[1]).toBeCloseTo(-Math.log(1 / 4), 6)
  })

  it('is not finite where a logit is not', () => {
    const losses = crossEntropies(tensor([3, 2], [NaN, 0, 0, Infinity, -Infinity, 0]), [1, 1, 0])
    expect([...losses].some(Number.isFinite)).toBe(false)
  })
})
