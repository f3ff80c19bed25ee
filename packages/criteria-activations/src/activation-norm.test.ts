import { rngFrom, scoreLayers, tensor, type Layer, type LayerActivations } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { activationNorm } from './activation-norm.ts'

describe('activation-norm', () => {
  conformance(activationNorm, it)

  it('is the mean over examples, whatever the batches, of the root mean square of the output', async () => {
    const layers = [{ name: 'a' }, { name: 'b' }] as Layer[]
    const batch = (a: number[][], b: number[][]): ReadonlyMap<string, LayerActivations> => {
      const as = (rows: number[][]): LayerActivations => ({
        input: tensor([0], []),
        output: tensor([rows.length, rows[0]!.length], rows.flat()),
      })
      return new Map([
        ['a', as(a)],
        ['b', as(b)],
      ])
    }
    const outcomes = await scoreLayers(activationNorm, {
      layers,
      rng: rngFrom('test'),
      examples: 3,
      activations: {
        async *activations() {
          yield batch(
            [
              [3, 4],
              [0, 0],
            ],
            [[1], [-1]],
          )
          yield batch([[6, 8]], [[4]])
        },
      },
    })
    // a: √(25/2), 0, √(100/2); b: 1, 1, 4.
    expect(outcomes.get('a')?.value).toBeCloseTo((5 + 0 + 10) / Math.SQRT2 / 3, 12)
    expect(outcomes.get('b')?.value).toBeCloseTo(2, 12)
  })

  it('gives no score, instead of 0, where a layer was not seen', async () => {
    const outcomes = await scoreLayers(activationNorm, {
      layers: [{ name: 'unseen' } as Layer],
      rng: rngFrom('test'),
      examples: 1,
      activations: {
        async *activations() {
          yield new Map()
        },
      },
    })
    expect(outcomes.get('unseen')?.reason).toContain('threw')
  })
})
