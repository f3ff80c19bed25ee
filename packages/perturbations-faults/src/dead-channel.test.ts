import { rngFrom, tensor, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deadChannel } from './dead-channel.ts'

type Axes = Pick<Layer, 'op' | 'weightShape' | 'outputAxis' | 'inputAxis' | 'groups'>

const kill = (weights: readonly number[], dead: number, axes: Axes, seed: string | number = 'a'): number[] => [
  ...deadChannel.apply(tensor(axes.weightShape, weights), dead, { rng: rngFrom(seed), layer: axes as Layer }).data,
]
const columns = (inputs: number, outputs: number): Axes => ({
  op: 'MatMul',
  weightShape: [inputs, outputs],
  outputAxis: 1,
  inputAxis: 0,
  groups: 1,
})

describe('dead-channel', () => {
  conformance(deadChannel, it)

  it('kills as many whole channels as asked for, at most all but one, and keeps the others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(30),
        fc.string(),
        (inputs, outputs, dead, seed) => {
          const weights = Array.from({ length: inputs * outputs }, (_, place) => place + 1)
          const killed = kill(weights, dead, columns(inputs, outputs), seed)
          const deadOnes = killed.slice(0, outputs).map((w) => w === 0)
          expect(deadOnes.filter(Boolean)).toHaveLength(Math.min(dead, outputs - 1))
          expect(killed).toEqual(weights.map((w, place) => (deadOnes[place % outputs] ? 0 : w)))
        },
      ),
    )
  })

  it('kills each pair of channels as often', () => {
    const counts = new Map<string, number>()
    const n = 5000
    for (let seed = 0; seed < n; seed++) {
      const pair = kill([1, 1, 1, 1, 1], 2, columns(1, 5), seed).join()
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    expect(counts.size).toBe(10)
    // Binomial with 1 / 10; four standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 0.1 * n)).toBeLessThan(4 * Math.sqrt(n * 0.1 * 0.9))
  })

  it('knows the channels of a grouped transposed convolution apart, although they share the axis', () => {
    // Two groups of one input and one output channel each.
    const axes: Axes = { op: 'ConvTranspose', weightShape: [2, 1, 2], outputAxis: 1, inputAxis: 0, groups: 2 }
    expect(['1,2,0,0', '0,0,3,4']).toContain(kill([1, 2, 3, 4], 1, axes).join())
  })

  it.each([-1, 1.5, NaN, Infinity])('refuses %d channels', (dead) => {
    expect(() => kill([1, 2], dead, columns(1, 2))).toThrow(RangeError)
  })
})
