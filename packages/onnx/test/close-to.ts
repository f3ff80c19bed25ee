import type { Tensor } from '@loadbearing/core'
import { expect } from 'vitest'

/** Holds two tensors of one shape to `tolerance`, as a share of the largest value expected. */
export function expectCloseTo(found: Tensor | undefined, expected: Tensor, tolerance = 1e-5): void {
  expect(found?.shape).toEqual(expected.shape)
  const largest = expected.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const apart = expected.data.map((value, i) => Math.abs(value - (found?.data[i] ?? NaN)))
  // NaN in either compares as false, too.
  expect(apart.every((distance) => distance <= tolerance * largest)).toBe(true)
}
