import { rngFrom, tensor, type Layer, type Range } from '@loadbearing/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { activationBitFlip } from './activation-bit-flip.ts'
import { bfloat16BitFlip } from './bfloat16-bit-flip.ts'
import { bitSwap } from './bit-swap.ts'
import { burstFlip } from './burst-flip.ts'
import { deadChannel } from './dead-channel.ts'
import { float16BitFlip } from './float16-bit-flip.ts'
import { float32AnyBitFlip } from './float32-any-bit-flip.ts'
import { float32BitFlip } from './float32-bit-flip.ts'
import { singleBitFlip } from './single-bit-flip.ts'
import { stuckAtOne } from './stuck-at-one.ts'
import { stuckAtZero } from './stuck-at-zero.ts'

/** Float32 numbers as their bits, so that NaN, infinity and −0 are told apart. */
interface Fixture {
  readonly original: readonly number[]
  readonly cases: readonly { readonly intensity: number; readonly bits: readonly number[] }[]
  readonly range?: Range
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8'))

const fromBits = (bits: readonly number[]): Float32Array => new Float32Array(Uint32Array.from(bits).buffer)
const bitsOf = ({ buffer }: Float32Array): number[] => [...new Uint32Array(buffer)]

describe('the reference in numpy (tools/reference/plugins.py), which recomputes the random stream', () => {
  it.each([
    float32BitFlip,
    float32AnyBitFlip,
    bfloat16BitFlip,
    float16BitFlip,
    singleBitFlip,
    bitSwap,
    stuckAtZero,
    stuckAtOne,
    burstFlip,
  ])('gives the bits of $name', (fault) => {
    const { original, cases } = fixture(fault.name) as Fixture
    expect(cases.length).toBeGreaterThanOrEqual(3)
    for (const { intensity, bits } of cases) {
      const rng = rngFrom('reference', fault.name, intensity)
      const { data } = fault.apply(tensor([original.length], fromBits(original)), intensity, {
        rng,
        layer: {} as Layer,
      })
      expect(bitsOf(data)).toEqual(bits)
    }
  })

  it('gives the bits of activation-bit-flip, beyond the calibrated range too', () => {
    const { original, cases, range } = fixture('activation-bit-flip') as Required<Fixture>
    for (const { intensity, bits } of cases) {
      const rng = rngFrom('reference', 'activation-bit-flip', intensity)
      const context = { rng, layer: {} as Layer, range, std: 1 }
      const { data } = activationBitFlip.apply(tensor([original.length], fromBits(original)), intensity, context)
      expect(bitsOf(data)).toEqual(bits)
    }
  })

  it('gives the channels of dead-channel, on all kinds of layers', () => {
    const { layers } = fixture('dead-channel') as {
      layers: readonly {
        layer: Layer
        weights: readonly number[]
        cases: readonly { intensity: number; zeros: readonly number[] }[]
      }[]
    }
    expect(layers).toHaveLength(6)
    for (const { layer, weights, cases } of layers) {
      for (const { intensity, zeros } of cases) {
        const expected = Float32Array.from(weights)
        for (const place of zeros) expected[place] = 0
        const rng = rngFrom('reference', 'dead-channel', intensity)
        expect(deadChannel.apply(tensor(layer.weightShape, weights), intensity, { rng, layer }).data).toEqual(expected)
      }
    }
  })
})
