import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { byLayer, defineCriterion, type LayerScores } from './criterion.ts'
import { InputError } from './errors.ts'
import { exampleHost, exampleLayers } from './example-network.ts'
import { scoreLayers } from './scoring.ts'

const about = {
  name: 'mine',
  version: 1,
  summary: 'A criterion of this test.',
  reference: { title: 'Loadbearing', url: 'https://example.com/' },
  options: z.object({ scale: z.number().positive().default(1) }),
}
const reasons = async (criterion: Parameters<typeof scoreLayers>[0], host = exampleHost()): Promise<unknown[]> =>
  [...(await scoreLayers(criterion, host)).values()].map((outcome) => outcome.reason)

describe('a criterion that keeps its contract', () => {
  const counting = defineCriterion({
    ...about,
    needs: [],
    score: ({ layers }, { scale }) => byLayer(layers, (layer) => scale * layer.parameters),
  })

  it('gives a score a layer, in order', async () => {
    expect([...(await scoreLayers(counting, exampleHost()))]).toEqual([
      ['dense1.weight', { value: 48 }],
      ['dense2.weight', { value: 64 }],
      ['dense3.weight', { value: 24 }],
    ])
  })

  it('takes its options, and refuses what it has not', async () => {
    expect((await scoreLayers(counting, exampleHost(), { scale: 2 })).get('dense3.weight')).toEqual({ value: 48 })
    await expect(scoreLayers(counting, exampleHost(), { scale: -1 })).rejects.toThrow(InputError)
    await expect(scoreLayers(counting, exampleHost(), { scael: 2 })).rejects.toThrow(/scael/)
  })
})

describe('a criterion that breaks its contract is a reason on every layer it concerns, never an exception', () => {
  it('throws', async () => {
    const throwing = defineCriterion({
      ...about,
      needs: [],
      score(): LayerScores {
        throw new RangeError('no such axis')
      },
    })
    expect(await reasons(throwing)).toEqual(new Array(3).fill('threw: no such axis'))
  })

  it('gives NaN for one layer', async () => {
    const nan = defineCriterion({
      ...about,
      needs: [],
      score: ({ layers }) => byLayer(layers, ({ depth }) => (depth === 1 ? NaN : 1)),
    })
    expect(await reasons(nan)).toEqual([undefined, 'gave NaN', undefined])
  })

  it('says itself why a layer has none', async () => {
    const partial = defineCriterion({
      ...about,
      needs: [],
      score: ({ layers }) => byLayer(layers, ({ depth }) => (depth === 1 ? { reason: 'it is the second' } : 1)),
    })
    expect(await reasons(partial)).toEqual([undefined, 'it is the second', undefined])
  })

  it('misses a layer', async () => {
    const missing = defineCriterion({ ...about, needs: [], score: ({ layers }) => byLayer(layers.slice(1), () => 1) })
    expect(await reasons(missing)).toEqual(['gave no score for this layer', undefined, undefined])
  })

  it('changes the weights it was given, and the weights survive', async () => {
    const host = exampleHost()
    const before = host.weights.weights(exampleLayers[1]!).data.slice()
    const vandal = defineCriterion({
      ...about,
      needs: ['weights'],
      score: ({ layers, weights }) =>
        byLayer(layers, (layer) => (weights(layer).data[0] = layer.depth === 1 ? 7 : weights(layer).data[0]!)),
    })
    expect(await reasons(vandal, host)).toEqual(
      new Array(3).fill("changed the weights it was given (layer 'dense2.weight')"),
    )
    expect(host.weights.weights(exampleLayers[1]!).data).toEqual(before)
  })

  it('uses what it did not declare', async () => {
    const sneaky = defineCriterion({
      ...about,
      needs: ['weights'],
      // @ts-expect-error labels are not among the needs
      score: (context) => byLayer(context.layers, () => Number(context.labels)),
    })
    expect(await reasons(sneaky)).toEqual(new Array(3).fill("used 'labels' without declaring 'labels' in its needs"))
  })

  it('needs what the host lacks', async () => {
    const { labels: _, ...host } = exampleHost()
    const labelled = defineCriterion({
      ...about,
      needs: ['labels'],
      score: ({ layers, labels }) => byLayer(layers, () => labels.length),
    })
    expect([...(await scoreLayers(labelled, host)).values()][0]?.reason).toMatch('needs labels')
  })

  it('gives a negative standard error', async () => {
    const odd = defineCriterion({
      ...about,
      needs: [],
      score: ({ layers }) => byLayer(layers, () => ({ value: 1, standardError: -1 })),
    })
    expect(await reasons(odd)).toEqual(new Array(3).fill('gave a standard error of -1'))
  })
})
