import { rngFrom, sizeOf, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { reinitReset } from './reinit-reset.ts'

type Axes = Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>

const reset = (axes: Axes, value: number, alpha: number, seed = 'a'): Float32Array =>
  reinitReset.apply(tensor(axes.weightShape, new Float32Array(sizeOf(axes.weightShape)).fill(value)), alpha, {
    rng: rngFrom(seed),
    layer: axes as Layer,
  }).data

const eight: Axes = { op: 'Gemm', weightShape: [2, 8], outputAxis: 0, inputAxis: 1, groups: 1 }

describe('reinit-reset', () => {
  conformance(reinitReset, it)

  it('ends at √(2 / fan-in) times the stream of normals, and goes the share α of the way there', () => {
    const [rng, again] = [rngFrom('a'), rngFrom('a')]
    // Fan-in 8: a standard deviation of a half.
    expect(reset(eight, 3, 1)).toEqual(Float32Array.from({ length: 16 }, () => 0.5 * rng.normal()))
    expect(reset(eight, 3, 0.25)).toEqual(
      Float32Array.from({ length: 16 }, () => 2.25 + 0.25 * Math.fround(0.5 * again.normal())),
    )
  })

  it.each<[string, Axes, number]>([
    ['a convolution', { op: 'Conv', weightShape: [10, 18, 5, 5], outputAxis: 0, inputAxis: 1, groups: 1 }, 450],
    ['a depthwise one', { op: 'Conv', weightShape: [400, 1, 3, 3], outputAxis: 0, inputAxis: 1, groups: 400 }, 9],
    [
      'a transposed one',
      { op: 'ConvTranspose', weightShape: [18, 10, 5, 5], outputAxis: 1, inputAxis: 0, groups: 1 },
      450,
    ],
    ['its groups', { op: 'ConvTranspose', weightShape: [18, 10, 5, 5], outputAxis: 1, inputAxis: 0, groups: 3 }, 150],
    ['a matrix', { op: 'Gemm', weightShape: [30, 128], outputAxis: 0, inputAxis: 1, groups: 1 }, 128],
    [
      'a matrix that is read from the right',
      { op: 'MatMul', weightShape: [128, 30], outputAxis: 1, inputAxis: 0, groups: 1 },
      128,
    ],
    ['a stack of matrices', { op: 'MatMul', weightShape: [4, 32, 30], outputAxis: 2, inputAxis: 1, groups: 1 }, 32],
  ])('counts the weights of one output of %s', (_, axes, fanIn) => {
    const drawn = reset(axes, 0, 1)
    const mean = drawn.reduce((sum, w) => sum + w, 0) / drawn.length
    const variance = drawn.reduce((sum, w) => sum + w * w, 0) / drawn.length
    // Bounds of four standard errors.
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(2 / fanIn / drawn.length))
    expect(Math.abs(variance * (fanIn / 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / drawn.length))
  })

  it.each([-0.1, 1.1, NaN])('refuses the share %d', (alpha) => {
    expect(() => reset(eight, 1, alpha)).toThrow(RangeError)
  })
})
