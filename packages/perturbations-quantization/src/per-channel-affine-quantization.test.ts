import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { affineQuantization } from './affine-quantization.ts'
import { perChannelAffineQuantization } from './per-channel-affine-quantization.ts'

const columns = (inputs: number, outputs: number): Layer =>
  ({ op: 'MatMul', weightShape: [inputs, outputs], outputAxis: 1, inputAxis: 0, groups: 1 }) as unknown as Layer

const quantize = (weights: readonly number[], levels: number, layer: Layer): number[] => [
  ...perChannelAffineQuantization.apply(tensor(layer.weightShape, weights), levels, { rng: rngFrom('unused'), layer })
    .data,
]

describe('per-channel-affine-quantization', () => {
  conformance(perChannelAffineQuantization, it)

  it('gives each output channel its own range and zero point', () => {
    // Three levels: −2, 0, 2 in the first column; 0, 0.5, 1 in the second.
    expect(quantize([-2, 1, 2, 0.2, 0.9, 0.3], 3, columns(3, 2))).toEqual([-2, 1, 2, 0, 0, 0.5])
  })

  it('is affine quantization of each channel alone', () => {
    const channel = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(channel, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 2, max: 256 }),
        (channels, levels) => {
          const stored = [0, 1, 2, 3].flatMap((input) => channels.map((values) => values[input]!))
          const quantized = quantize(stored, levels, columns(4, channels.length))
          channels.forEach((values, output) => {
            const alone = affineQuantization.apply(tensor([4], values), levels, {
              rng: rngFrom('unused'),
              layer: {} as Layer,
            })
            expect(quantized.filter((_, place) => place % channels.length === output)).toEqual([...alone.data])
          })
        },
      ),
    )
  })

  it.each([1, 2.5, NaN])('refuses %d levels', (levels) => {
    expect(() => quantize([1], levels, columns(1, 1))).toThrow(RangeError)
  })
})
