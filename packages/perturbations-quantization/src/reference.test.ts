import { rngFrom, tensor, type Layer, type Range } from '@loadbearing/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { activationQuantization } from './activation-quantization.ts'
import { affineQuantization } from './affine-quantization.ts'
import { optimalQuantization } from './optimal-quantization.ts'
import { perChannelAffineQuantization } from './per-channel-affine-quantization.ts'
import { perChannelQuantization } from './per-channel-quantization.ts'
import { powerOfTwoQuantization } from './power-of-two-quantization.ts'

interface Case {
  readonly levels: number
  readonly quantized: readonly number[]
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8'))

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  actual.forEach((value, place) => expect(value).toBeCloseTo(expected[place]!, 6))
}

describe('the reference in numpy (tools/reference/plugins.py)', () => {
  it.each([
    perChannelQuantization,
    affineQuantization,
    perChannelAffineQuantization,
    powerOfTwoQuantization,
    optimalQuantization,
  ])('agrees with $name on all kinds of layers', (quantization) => {
    const { layers } = fixture(quantization.name) as {
      layers: readonly { layer: Layer; weights: readonly number[]; cases: readonly Case[] }[]
    }
    expect(layers).toHaveLength(6)
    for (const { layer, weights, cases } of layers) {
      for (const { levels, quantized } of cases) {
        const weight = tensor(layer.weightShape, weights)
        expectClose(quantization.apply(weight, levels, { rng: rngFrom('unused'), layer }).data, quantized)
      }
    }
  })

  it('agrees with activation-quantization, beyond the calibrated range too', () => {
    const { range, activation, cases } = fixture(activationQuantization.name) as {
      range: Range
      activation: readonly number[]
      cases: readonly Case[]
    }
    const context = { rng: rngFrom('unused'), layer: {} as Layer, range, std: 1 }
    for (const { levels, quantized } of cases) {
      const made = tensor([activation.length], activation)
      expectClose(activationQuantization.apply(made, levels, context).data, quantized)
    }
  })
})
