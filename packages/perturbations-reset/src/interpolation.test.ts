import { equalBytes, tensor } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { interpolate } from './interpolation.ts'

const finite = fc.float({ noNaN: true, noDefaultInfinity: true })
const pairs = fc.array(fc.tuple(finite, finite), { minLength: 1 })
const split = (values: readonly [number, number][]) => ({
  weight: tensor(
    [values.length],
    values.map(([w]) => w),
  ),
  target: Float32Array.from(values, ([, s]) => s),
})

describe('interpolate', () => {
  it('goes the share α of the way', () => {
    expect([...interpolate(tensor([1, 2], [4, -8]), Float32Array.of(8, 8), 0.25).data]).toEqual([5, -4])
  })

  it('rounds once: 0.7 · 3 + 0.3 · 1 in float64, then in float32', () => {
    expect(interpolate(tensor([1], [3]), Float32Array.of(1), 0.3).data[0]).toBe(Math.fround(2.4))
  })

  it('ends at the weight and at the target, to the bit', () => {
    fc.assert(
      fc.property(pairs, (values) => {
        const { weight, target } = split(values)
        expect(equalBytes(interpolate(weight, target, 0).data, weight.data)).toBe(true)
        expect(equalBytes(interpolate(weight, target, 1).data, target)).toBe(true)
      }),
      { examples: [[[[-0, 0]]], [[[0, -0]]]] },
    )
  })

  it('stays between the weight and the target, and leaves both alone', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0, max: 1, noNaN: true }), (values, alpha) => {
        const { weight, target } = split(values)
        const made = interpolate(weight, target, alpha)
        made.data.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(Math.min(...values[i]!))
          expect(value).toBeLessThanOrEqual(Math.max(...values[i]!))
        })
        expect(made.data).not.toBe(target)
        expect([...weight.data]).toEqual(values.map(([w]) => w))
        expect([...target]).toEqual(values.map(([, s]) => s))
      }),
    )
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => interpolate(tensor([1], [1]), Float32Array.of(1), alpha)).toThrow(RangeError)
  })
})
