import { rngFrom } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { crossedMean } from './crossed-mean.ts'

const rows = (...table: number[][]): Float64Array[] => table.map((row) => Float64Array.from(row))

describe('crossedMean', () => {
  it('by hand: mean squares 9 between draws, 4 between examples, 1 of the remainder', () => {
    expect(crossedMean(rows([1, 2], [3, 6]), true)).toEqual({ value: 3, standardError: Math.sqrt((9 + 4 - 1) / 4) })
  })

  it('is the plain standard error where the draw is the only one there is', () => {
    const { value, standardError } = crossedMean(rows([1, 2, 3, 6]), false)
    expect(value).toBe(3)
    expect(standardError).toBeCloseTo(Math.sqrt((4 + 1 + 0 + 9) / 3 / 4), 12)
  })

  it('claims no error that it cannot see', () => {
    expect(crossedMean(rows([1, 2, 3]), true)).toEqual({ value: 2 })
    expect(crossedMean(rows([1], [3]), true)).toEqual({ value: 2 })
    expect(crossedMean(rows([1]), false)).toEqual({ value: 1 })
  })

  it('matches the spread of the mean over many repetitions, which entries taken as independent would not', () => {
    const rng = rngFrom('crossed-mean')
    const [draws, examples, repetitions] = [4, 10, 4000]
    const means: number[] = []
    let claimed = 0
    let naive = 0
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const ofExample = Array.from({ length: examples }, () => rng.normal())
      const table = Array.from({ length: draws }, () => {
        const ofDraw = rng.normal()
        return Float64Array.from(ofExample, (effect) => ofDraw + effect + rng.normal())
      })
      const { value, standardError } = crossedMean(table, true)
      means.push(value)
      claimed += standardError! ** 2 / repetitions
      const entries = table.flatMap((row) => [...row])
      naive += entries.reduce((s, x) => s + (x - value) ** 2, 0) / 39 / 40 / repetitions
    }
    // 1/4 + 1/10 + 1/40.
    const actual = means.reduce((s, mean) => s + mean ** 2, 0) / repetitions
    expect(actual).toBeGreaterThan(0.35)
    expect(claimed / actual).toBeGreaterThan(0.9)
    expect(claimed / actual).toBeLessThan(1.1)
    expect(naive / actual).toBeLessThan(0.3)
  })
})
