import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

const about = {
  version: 1,
  summary: 'Breaks its contract.',
  reference: { title: 'none', url: 'https://example.org' },
  options: z.object({}),
}

export const faulty = [
  defineCriterion({
    ...about,
    name: 'throws',
    needs: [],
    score() {
      throw new Error('out of ink')
    },
  }),
  defineCriterion({
    ...about,
    name: 'gives-nan',
    needs: [],
    score: ({ layers }) => byLayer(layers, ({ depth }) => (depth === 1 ? NaN : depth)),
  }),
  defineCriterion({
    ...about,
    name: 'misses-a-layer',
    needs: [],
    score: ({ layers }) => byLayer(layers.slice(1), ({ depth }) => depth),
  }),
  defineCriterion({
    ...about,
    name: 'changes-the-weights',
    needs: ['weights'],
    score: ({ layers, weights }) => byLayer(layers, (layer) => weights(layer).data.fill(0)[0]!),
  }),
]
