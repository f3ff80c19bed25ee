import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filterPruning } from './filter-pruning.ts'

const prune = (
  weights: readonly number[],
  fraction: number,
  axes: Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>,
): Float32Array =>
  filterPruning.apply(tensor(axes.weightShape, weights), fraction, { rng: rngFrom('unused'), layer: axes as Layer })
    .data

const rows = (outputs: number, inputs: number) =>
  ({ op: 'Gemm', weightShape: [outputs, inputs], outputAxis: 0, inputAxis: 1, groups: 1 }) as const

describe('filter-pruning', () => {
  conformance(filterPruning, it)

  it('takes the output channels of least L1 norm, the first among equals', () => {
    // Norms 5, 4, 6: the largest weight of all is in the row that goes.
    expect([...prune([2, -3, 0, -4, 3, 3], 1 / 3, rows(3, 2))]).toEqual([2, -3, 0, 0, 3, 3])
    expect([...prune([1, -2, 3, 0, -1, 2], 1 / 3, rows(3, 2))]).toEqual([0, 0, 3, 0, -1, 2])
    expect([...prune([1, 2, 3, 4], 1, rows(2, 2))]).toEqual([0, 0, 0, 0])
  })

  it('takes columns where outputs are columns', () => {
    const axes = { op: 'Gemm', weightShape: [2, 3], outputAxis: 1, inputAxis: 0, groups: 1 } as const
    // Columns (1, 4), (2, 1), (3, 6).
    expect([...prune([1, 2, 3, 4, 1, 6], 1 / 3, axes)]).toEqual([1, 0, 3, 4, 0, 6])
  })

  it('tells the groups of a transposed convolution apart', () => {
    // Four inputs, two groups of one output each: filters (1, 2) and (3, 4), although the output axis has size 1.
    const axes = { op: 'ConvTranspose', weightShape: [4, 1, 1], outputAxis: 1, inputAxis: 0, groups: 2 } as const
    expect([...prune([1, 2, 3, 4], 0.5, axes)]).toEqual([0, 0, 3, 4])
  })

  it('takes an output from all matrices of a stack', () => {
    const axes = { op: 'MatMul', weightShape: [2, 1, 2], outputAxis: 2, inputAxis: 1, groups: 1 } as const
    // Outputs (1, 4) and (3, 1).
    expect([...prune([1, 3, 4, 1], 0.5, axes)]).toEqual([1, 0, 4, 0])
  })

  it('prunes round(f · outputs) channels whole, and of the others no weight', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (outputs, inputs, fraction, seed) => {
          const rng = rngFrom(seed)
          const weights = Array.from({ length: outputs * inputs }, () => Math.fround(rng.normal()))
          const pruned = prune(weights, fraction, rows(outputs, inputs))
          const gone = Array.from({ length: outputs }, (_, o) => o).filter((o) => {
            const [before, after] = [weights, [...pruned]].map((all) => all.slice(o * inputs, (o + 1) * inputs))
            const isGone = after!.every((w) => w === 0)
            if (!isGone) expect(after).toEqual(before)
            return isGone
          })
          expect(gone).toHaveLength(Math.round(fraction * outputs))
        },
      ),
    )
  })

  it('changes no bit where the fraction rounds to no channel', () => {
    expect(equalBytes(prune([1, -0, 3, 4], 0.2, rows(2, 2)), Float32Array.of(1, -0, 3, 4))).toBe(true)
  })

  it.each([-0.1, 1.1, NaN])('refuses the fraction %d', (fraction) => {
    expect(() => prune([1], fraction, rows(1, 1))).toThrow(RangeError)
  })
})
