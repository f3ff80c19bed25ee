import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { LayerScores, Score } from './criterion.ts'
import { drawUntilPrecise, precisionOptions } from './draw-until-precise.ts'
import { exampleLayers } from './example-network.ts'
import { meanOfDraws } from './mean-of-draws.ts'
import { type Rng, rngFrom } from './rng.ts'

const [a, b, c] = exampleLayers.map(({ name }) => name) as [string, string, string]

/** Scores three layers of which only the first is uncertain, the others 0 and 10, and counts the draws. */
async function drawn(
  draw: (index: number) => number,
  precision = { draws: 400, precision: 0.1 },
  layers = exampleLayers,
): Promise<{ scores: LayerScores; first: Score; count: number }> {
  let count = 0
  const scores = await drawUntilPrecise(layers, precision, (index) => {
    count++
    return new Map([
      [a, draw(index)],
      [b, 0],
      [c, 10],
    ])
  })
  return { scores, first: scores.get(a) as Score, count }
}

/** Runs of which the first layer's true error, σ / √m, is more than a quarter over what the spread allows. */
async function tooEarly(runs: number, draw: (rng: Rng) => number): Promise<number> {
  // Means of 5, 0 and 10 spread by 5, so that 0.1 allows an error of 0.5, and σ = 4 needs 64 draws.
  let early = 0
  for (let run = 0; run < runs; run++) {
    const rng = rngFrom('draw-until-precise', run)
    const { count } = await drawn(() => 5 + 4 * draw(rng))
    if (4 / Math.sqrt(count) > 1.25 * 0.5) early++
  }
  return early / runs
}

describe('drawUntilPrecise', () => {
  it('stops after nine draws that agree: the rule must hold at the eighth and the ninth', async () => {
    const { scores, count } = await drawn(() => 3)
    expect(count).toBe(9)
    expect([...scores.values()]).toEqual([3, 0, 10].map((value) => ({ value, standardError: 0 })))
  })

  it('gives the mean and error of all its draws, and stops at the first two in a row that are precise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.double({ min: 0.02, max: 0.5 }), async (seed, precision) => {
        const rng = rngFrom(seed)
        const values = Array.from({ length: 200 }, () => 5 + 2 * rng.normal())
        const { first, count } = await drawn((index) => values[index]!, { draws: 200, precision })
        const isPrecise = (draws: number): boolean => {
          const { value, standardError } = meanOfDraws(values.slice(0, draws))
          return standardError! <= precision * Math.sqrt(meanOfDraws([value, 0, 10]).standardError! ** 2 * 3)
        }
        const stops = Array.from({ length: 192 }, (_, i) => i + 9).find((m) => isPrecise(m) && isPrecise(m - 1))
        expect(count).toBe(stops ?? 200)
        expect(first).toEqual({
          ...meanOfDraws(values.slice(0, count)),
          ...(stops === undefined && { capped: true }),
        })
      }),
      { numRuns: 50 },
    )
  })

  it('flags every layer where the cap ends it, also where the last draw alone would have been enough', async () => {
    const { scores, count } = await drawn((index) => (index % 2 === 0 ? -100 : 100), { draws: 20, precision: 0.1 })
    expect(count).toBe(20)
    for (const score of scores.values()) expect(score).toMatchObject({ capped: true })
    expect((await drawn(() => 3, { draws: 8, precision: 0.1 })).first.capped).toBe(true)
  })

  it('seldom stops while the error is much too large, of normal draws and of two values', async () => {
    expect(await tooEarly(400, (rng) => rng.normal())).toBeLessThan(0.08)
    expect(await tooEarly(400, (rng) => (rng.uniform() < 0.5 ? -1 : 1))).toBeLessThan(0.01)
  })

  it('caps a single layer that varies, as nothing tells how precise is precise', async () => {
    const alone = exampleLayers.slice(0, 1)
    const { first, count } = await drawn((index) => index, { draws: 12, precision: 0.1 }, alone)
    expect([count, first.capped]).toEqual([12, true])
    expect((await drawn(() => 3, undefined, alone)).first).toEqual({ value: 3, standardError: 0 })
  })

  it('goes by the layers that have a score: one that is not a number keeps none waiting', async () => {
    const { scores, count } = await drawn(() => NaN)
    expect(count).toBe(9)
    expect(scores.get(b)).toEqual({ value: 0, standardError: 0 })
  })
})

it('precisionOptions take no cap below the eight draws that say something', () => {
  const options = z.object(precisionOptions(32))
  expect(options.parse({})).toEqual({ draws: 32, precision: 0.1 })
  expect(options.safeParse({ draws: 7 }).success).toBe(false)
  expect(options.safeParse({ precision: 0 }).success).toBe(false)
})
