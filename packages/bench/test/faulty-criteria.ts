import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

const about = {
  version: 1,
  summary: 'Breaks its contract.',
  reference: { title: 'none', url: 'https://example.org' },
  options: z.object({}),
}

export const throwing = defineCriterion({
  ...about,
  name: 'throws',
  needs: [],
  score() {
    throw new Error('out of ink')
  },
})

export const nan = defineCriterion({
  ...about,
  name: 'gives-nan',
  needs: [],
  score: ({ layers }) => byLayer(layers, ({ depth }) => (depth === 1 ? NaN : depth)),
})

export const missing = defineCriterion({
  ...about,
  name: 'misses-a-layer',
  needs: [],
  score: ({ layers }) => byLayer(layers.slice(1), ({ depth }) => depth),
})

export const changing = defineCriterion({
  ...about,
  name: 'changes-the-weights',
  needs: ['weights'],
  score: ({ layers, weights }) => byLayer(layers, (layer) => weights(layer).data.fill(0)[0]!),
})

export const constant = defineCriterion({
  ...about,
  name: 'is-constant',
  needs: [],
  score: ({ layers }) => byLayer(layers, () => 1),
})

export const undeclared = defineCriterion({
  ...about,
  name: 'uses-what-it-has-not-declared',
  needs: ['weights'],
  score: (context) => byLayer(context.layers, ({ depth }) => depth + Number(Reflect.get(context, 'labels'))),
})
