import { rngFrom } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adjustedR2 } from '../zoo-worth/adjusted-r2.ts'

const whole = fc.integer({ min: -100, max: 100 })

describe('adjustedR2', () => {
  it('is what a hand computes', () => {
    // 2.2 + 0.6 x leaves residuals −.8, .6, 1, −.6, −.2, whose squares sum to 2.4 of 6: R² is .6, with 3 of 4 degrees left.
    expect(adjustedR2([2, 4, 5, 4, 5], [[1, 2, 3, 4, 5]])).toBeCloseTo(1 - (0.4 * 4) / 3, 12)
  })

  it('is 1 where the target is a linear function of the regressors', () => {
    fc.assert(
      fc.property(whole, whole, whole, (intercept, a, b) => {
        fc.pre(a !== 0 && b !== 0)
        const depth = [0, 0.2, 0.4, 0.6, 0.8, 1]
        const size = [3, 1, 4, 1, 5, 9]
        const target = depth.map((value, i) => intercept + a * value + b * size[i]!)
        expect(adjustedR2(target, [depth, size])).toBeCloseTo(1, 9)
      }),
    )
  })

  it('is 0 on average where noise is fitted to noise, however many regressors there are', () => {
    const noise = rngFrom('adjusted-r2.test')
    for (const regressors of [1, 3, 6]) {
      const draws = Array.from({ length: 2000 }, () => {
        const [target, ...columns] = Array.from({ length: regressors + 1 }, () =>
          Array.from({ length: 12 }, () => noise.uniform()),
        )
        return adjustedR2(target!, columns)!
      })
      expect(draws.reduce((a, b) => a + b, 0) / draws.length).toBeCloseTo(0, 1)
    }
  })

  it('counts a regressor once that another repeats in another unit', () => {
    const size = [1, 5, 2, 8, 3, 9, 4]
    fc.assert(
      fc.property(
        fc.array(whole, { minLength: 7, maxLength: 7 }),
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        (target, unit) => {
          const once = adjustedR2(target, [size])
          fc.pre(once !== null)
          const constant = size.map(() => 4)
          const again = size.map((value) => 7 - unit * value)
          expect(adjustedR2(target, [size, again, constant])).toBeCloseTo(once, 9)
        },
      ),
    )
  })

  it('is null where the fit has too few observations, and where there is nothing to explain', () => {
    const columns = [
      [1, 2, 3, 4, 6],
      [1, 4, 9, 16, 20],
      [2, 1, 2, 1, 1],
    ]
    expect(adjustedR2([1, 3, 2, 5, 4], columns)).toBeNull()
    expect(adjustedR2([1, 3, 2, 5, 4], columns.slice(1))).not.toBeNull()
    expect(adjustedR2([2, 2, 2, 2, 2], columns.slice(1))).toBeNull()
  })
})
