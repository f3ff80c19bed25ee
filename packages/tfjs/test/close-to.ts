import type { Tensor } from '@loadbearing/core'
import { expect } from 'vitest'

/** The Euclidean distance of two tensors, over the length of the second. */
export function distance(made: Tensor, expected: Tensor): number {
  expect(made.shape).toEqual(expected.shape)
  let [apart, length] = [0, 0]
  for (const [i, value] of expected.data.entries()) {
    apart += (made.data[i]! - value) ** 2
    length += value ** 2
  }
  return Math.sqrt(apart) / Math.sqrt(length)
}

/** Every value within `tolerance` of the largest. */
export function expectCloseTo(made: Tensor, expected: Tensor, tolerance: number): void {
  expect(made.shape).toEqual(expected.shape)
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const worst = expected.data.reduce((most, value, i) => Math.max(most, Math.abs(made.data[i]! - value)), 0)
  // Written so that NaN fails.
  expect(worst <= tolerance * largest, `off by ${worst} where the largest is ${largest}`).toBe(true)
}
