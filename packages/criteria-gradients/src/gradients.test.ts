import { type AnyCriterion, type Layer, rngFrom, scoreLayers, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { fisher } from './fisher.ts'
import { snip } from './snip.ts'

/** Two weights, and the gradient of each of three examples; in batches of two and one. */
async function scoreOf(
  criterion: AnyCriterion,
  values: readonly [number, number],
  gradients: readonly (readonly [number, number])[],
  options = {},
): Promise<number | undefined> {
  const of = (data: readonly number[]) => new Map([['only', tensor([2], data)]])
  const first = (count = gradients.length) => gradients.slice(0, count)
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [{ name: 'only' } as Layer],
      rng: rngFrom('test'),
      examples: gradients.length,
      weights: { weights: () => tensor([2], values) },
      labels: { labels: new Int32Array(gradients.length) },
      gradients: {
        async *gradients({ examples } = {}) {
          for (let start = 0; start < first(examples).length; start += 2) {
            const batch = first(examples).slice(start, start + 2)
            const mean = [0, 1].map((i) => batch.reduce((sum, its) => sum + its[i]!, 0) / batch.length)
            yield { examples: batch.length, gradients: of(mean) }
          }
        },
        async *exampleGradients({ examples } = {}) {
          for (const its of first(examples)) yield of(its)
        },
        activationGradients() {
          throw new Error('not asked for')
        },
      },
    },
    options,
  )
  return outcomes.get('only')?.value
}

const drawn = [
  [1, 2],
  [-1, 0],
  [3, -4],
] as const

describe('criteria of gradients', () => {
  for (const criterion of [fisher, snip]) conformance(criterion, it)

  it('fisher is the mean over examples of the squares of their own gradients: (5 + 1 + 25) / 3', async () => {
    expect(await scoreOf(fisher, [3, -4], drawn)).toBeCloseTo(31 / 3, 12)
    expect(await scoreOf(fisher, [3, -4], drawn, { examples: 2 })).toBe(3)
  })

  it('snip takes the mean gradient of all examples, (1, −2/3), before the magnitude: 3 · 1 + 4 · 2/3', async () => {
    expect(await scoreOf(snip, [3, -4], drawn)).toBeCloseTo(3 + 8 / 3, 6)
    // Of the first two the mean is (0, 1).
    expect(await scoreOf(snip, [3, -4], drawn, { examples: 2 })).toBe(4)
  })
})
