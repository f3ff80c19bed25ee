import { equalBytes, rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { channelPruning } from './channel-pruning.ts'
import { filterPruning } from './filter-pruning.ts'

type Axes = Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>

const prune = (weights: readonly number[], fraction: number, axes: Axes, pruning = channelPruning): Float32Array =>
  pruning.apply(tensor(axes.weightShape, weights), fraction, { rng: rngFrom('unused'), layer: axes as Layer }).data

const conv = (weightShape: readonly number[], groups = 1): Axes => ({
  op: 'Conv',
  weightShape,
  outputAxis: 0,
  inputAxis: 1,
  groups,
})

describe('channel-pruning', () => {
  conformance(channelPruning, it)

  it('takes the input channels of least L1 norm, the first among equals', () => {
    // Two filters of three channels: norms 1 + 4, 3 + 1, 0 + 5.
    expect([...prune([1, 3, 0, -4, -1, 5], 1 / 3, conv([2, 3, 1, 1]))]).toEqual([1, 0, 0, -4, 0, 5])
    expect([...prune([1, 2, 2, 1], 0.5, conv([2, 2, 1, 1]))]).toEqual([0, 2, 0, 1])
  })

  it('knows the channels of other groups apart, although they share the axis', () => {
    // Two groups of two filters, two channels each: channels (1, 3), (2, 9) of the first group, (8, 4), (7, 6) of the second.
    const weights = [1, 2, 3, 9, 8, 7, 4, 6]
    expect([...prune(weights, 0.25, conv([4, 2, 1, 1], 2))]).toEqual([0, 2, 0, 9, 8, 7, 4, 6])
    expect([...prune(weights, 0.5, conv([4, 2, 1, 1], 2))]).toEqual([0, 0, 0, 0, 8, 7, 4, 6])
  })

  it('takes rows of a transposed convolution, where inputs come first', () => {
    const axes: Axes = { op: 'ConvTranspose', weightShape: [2, 2, 1], outputAxis: 1, inputAxis: 0, groups: 1 }
    expect([...prune([5, 1, 3, 2], 0.5, axes)]).toEqual([5, 1, 0, 0])
  })

  it('is filter pruning where a depthwise convolution has one filter a channel', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (count, fraction, seed) => {
          const rng = rngFrom(seed)
          const weights = Array.from({ length: count * 4 }, () => rng.normal())
          const depthwise = conv([count, 1, 2, 2], count)
          const pruned = prune(weights, fraction, depthwise)
          expect(pruned).toEqual(prune(weights, fraction, depthwise, filterPruning))
          expect(pruned.filter((w) => w === 0)).toHaveLength(4 * Math.round(fraction * count))
        },
      ),
    )
  })

  it('takes all filters of a channel where a depthwise convolution has more', () => {
    // Channel norms 1 + 2 and 3 + 4.
    expect([...prune([1, 2, 3, 4], 0.5, conv([4, 1, 1, 1], 2))]).toEqual([0, 0, 3, 4])
  })

  it('changes no bit where the fraction rounds to no channel', () => {
    expect(equalBytes(prune([1, -0, 3, 4], 0.2, conv([2, 2, 1, 1])), Float32Array.of(1, -0, 3, 4))).toBe(true)
  })

  it.each([-0.1, 1.1, NaN])('refuses the fraction %d', (fraction) => {
    expect(() => prune([1], fraction, conv([1, 1, 1]))).toThrow(RangeError)
  })
})
