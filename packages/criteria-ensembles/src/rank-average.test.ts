import {
  type AnyCriterion,
  byLayer,
  type Capabilities,
  defineCriterion,
  type HostContext,
  type Layer,
  rngFrom,
  scoreLayers,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { rankAverageGradients } from './rank-average-gradients.ts'
import { rankAverageResponse } from './rank-average-response.ts'
import { rankAverageViews } from './rank-average-views.ts'
import { rankAverage } from './rank-average.ts'

const about = { version: 1, summary: 'A test.', reference: { title: 'Test', url: 'https://example.com/' } }
const options = z.object({})

/** Three layers, at one level after the other, with one memory. */
function levels(): (level: string) => HostContext {
  const kept = new Map<string, unknown>()
  const once: Capabilities['perturbation']['once'] = async (key, compute) => {
    if (!kept.has(key)) kept.set(key, compute(rngFrom('once', key)))
    return kept.get(key) as ReturnType<typeof compute>
  }
  return (level) => ({
    layers: [0, 1, 2].map((depth) => ({ name: `layer ${depth}`, depth }) as Layer),
    rng: rngFrom(level),
    examples: 1,
    weights: {} as Capabilities['weights'],
    perturbation: { once } as Capabilities['perturbation'],
  })
}

/** A criterion that says these values of the first, second and third layer. */
const saying = (name: string, values: readonly (number | { reason: string })[]): AnyCriterion =>
  defineCriterion({
    ...about,
    name,
    needs: [],
    options,
    score: ({ layers }) => byLayer(layers, ({ depth }) => values[depth]!),
  })

async function averageOf(...members: readonly AnyCriterion[]): Promise<unknown[]> {
  const outcomes = await scoreLayers(rankAverage({ ...about, name: 'average', members }), levels()('any'))
  return [...outcomes.values()].map(({ value, reason }) => value ?? reason)
}

describe('rank averages', () => {
  for (const criterion of [rankAverageGradients, rankAverageResponse, rankAverageViews]) conformance(criterion, it)

  it('are means of ranks in shares of the layers, whatever the units', async () => {
    // Ranks 1 2 3 and 2 1 3: (rank − ½) / 3 is 1/6, 3/6, 5/6.
    const average = await averageOf(saying('a', [1, 2, 1000]), saying('b', [0.2, -0.1, 0.3]))
    expect(average).toEqual([2 / 6, 2 / 6, 5 / 6].map((value) => expect.closeTo(value, 12) as number))
  })

  it('give members a context that they may hand on', async () => {
    const handing: AnyCriterion = defineCriterion({
      ...about,
      name: 'handing',
      needs: ['weights'],
      options,
      score: (context) => {
        const { layers, ...rest } = { ...context }
        return byLayer(layers, ({ depth }) => ('rng' in rest && 'weights' in rest ? depth : -depth))
      },
    })
    expect(await averageOf(handing)).toEqual(await averageOf(saying('a', [0, 1, 2])))
  })

  it('give tied layers the mean of their ranks', async () => {
    const average = await averageOf(saying('a', [7, 7, 9]))
    expect(average).toEqual([2 / 6, 2 / 6, 5 / 6].map((value) => expect.closeTo(value, 12) as number))
  })

  it('leave out a layer that a member cannot score, with its reason, and rank the others among themselves', async () => {
    const failing = saying('b', [3, { reason: 'it is dead' }, 4])
    expect(await averageOf(saying('a', [2, 1, 3]), failing)).toEqual([0.25, 'b: it is dead', 0.75])
    expect(await averageOf(saying('a', [2, NaN, 3]), failing)).toEqual([0.25, 'a: gave NaN', 0.75])
  })

  it('ask a member that does not look at the perturbation once a model, with the same random numbers whichever level asks', async () => {
    let asked = 0
    const drawn = defineCriterion({
      ...about,
      name: 'drawn',
      needs: ['weights'],
      options,
      score({ layers, rng }) {
        asked++
        return byLayer(layers, () => rng.uniform())
      },
    })
    const aware = defineCriterion({
      ...about,
      name: 'aware',
      needs: ['perturbation'],
      options,
      score: ({ layers }) => byLayer(layers, () => 0),
    })
    const ensemble = rankAverage({ ...about, name: 'average', members: [drawn, aware] })
    const at = levels()
    expect(await scoreLayers(ensemble, at('first'))).toEqual(await scoreLayers(ensemble, at('second')))
    expect(asked).toBe(1)
  })

  it('keep what members remember apart, though they name it alike', async () => {
    const remembering = (name: string, values: readonly number[]): AnyCriterion =>
      defineCriterion({
        ...about,
        name,
        needs: ['perturbation'],
        options,
        async score({ layers, once }) {
          const kept = await once('values', () => values)
          return byLayer(layers, ({ depth }) => kept[depth]!)
        },
      })
    const members = [remembering('a', [1, 2, 3]), remembering('b', [3, 2, 1])]
    expect(await averageOf(...members)).toEqual([0.5, 0.5, 0.5])
  })
})
