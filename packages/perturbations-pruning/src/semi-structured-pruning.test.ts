import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { semiStructuredPruning } from './semi-structured-pruning.ts'

const prune = (
  weights: readonly number[],
  blockSize: number,
  axes: Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>,
): Float32Array =>
  semiStructuredPruning.apply(tensor(axes.weightShape, weights), blockSize, {
    rng: rngFrom('unused'),
    layer: axes as Layer,
  }).data

const rows = (outputs: number, inputs: number) =>
  ({ op: 'Gemm', weightShape: [outputs, inputs], outputAxis: 0, inputAxis: 1, groups: 1 }) as const

describe('semi-structured-pruning', () => {
  conformance(semiStructuredPruning, it)

  it('keeps the two largest magnitudes of each block, a row at a time', () => {
    expect([...prune([1, -4, 3, 2, 5, 6, 7, -8], 4, rows(1, 8))]).toEqual([0, -4, 3, 0, 0, 0, 7, -8])
    // Rows of six: a block of four, a rest of two; no block spans two rows.
    expect([...prune([1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1], 4, rows(2, 6))]).toEqual([
      0, 0, 3, 4, 5, 6, 6, 5, 0, 0, 2, 1,
    ])
    // A rest of one.
    expect([...prune([1, 2, 3, 4, 0.5], 4, rows(1, 5))]).toEqual([0, 0, 3, 4, 0.5])
  })

  it('prunes the first among equals', () => {
    expect([...prune([1, -1, 1, -1], 4, rows(1, 4))]).toEqual([0, 0, 1, -1])
    expect([...prune([2, 1, 1, 1], 4, rows(1, 4))]).toEqual([2, 0, 0, 1])
  })

  it('runs along the input axis of a matrix, wherever that is', () => {
    const axes = { op: 'MatMul', weightShape: [4, 2], outputAxis: 1, inputAxis: 0, groups: 1 } as const
    // Columns (1, 3, 5, 7) and (8, 6, 4, 2).
    expect([...prune([1, 8, 3, 6, 5, 4, 7, 2], 4, axes)]).toEqual([0, 8, 0, 6, 5, 0, 7, 0])
  })

  it('takes the input channels of one kernel position first', () => {
    // One filter of four channels with two kernel positions: (1, 3, 5, 7) at the first, (8, 6, 4, 2) at the second.
    const axes = { op: 'Conv', weightShape: [1, 4, 1, 2], outputAxis: 0, inputAxis: 1, groups: 1 } as const
    expect([...prune([1, 8, 3, 6, 5, 4, 7, 2], 4, axes)]).toEqual([0, 8, 0, 6, 5, 0, 7, 0])
  })

  it('runs over the kernel of a depthwise convolution', () => {
    const axes = { op: 'Conv', weightShape: [2, 1, 2, 2], outputAxis: 0, inputAxis: 1, groups: 2 } as const
    expect([...prune([1, 2, 3, 4, 8, 7, 6, 5], 4, axes)]).toEqual([0, 0, 3, 4, 8, 7, 0, 0])
  })

  it('keeps two of every block, and none smaller than what it takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: Math.fround(0.001), max: 1000 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 20 }),
        (weights, blockSize) => {
          const pruned = prune(weights, blockSize, rows(1, weights.length))
          for (let start = 0; start < weights.length; start += blockSize) {
            const block = weights.slice(start, start + blockSize)
            const kept = [...pruned.subarray(start, start + blockSize)].filter((w) => w !== 0)
            expect(kept.sort((a, b) => b - a)).toEqual(block.sort((a, b) => b - a).slice(0, 2))
          }
        },
      ),
    )
  })

  it('changes no bit at 2:2', () => {
    expect(equalBytes(prune([-0, 0, 3], 2, rows(1, 3)), Float32Array.of(-0, 0, 3))).toBe(true)
  })

  it.each([1, 0, -4, 4.5, NaN, Infinity])('refuses blocks of %d', (blockSize) => {
    expect(() => prune([1, 2], blockSize, rows(1, 2))).toThrow(RangeError)
  })
})
