import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = number of layers that run after l: the earlier a layer, the more important.
 *
 * Source: Zhang et al. 2022, who reset one layer at a time and find that layers differ, the input-side ones often being the
 * critical ones. They propose no score; taking the position alone is our reading, to see how far it goes.
 */
export const depth = defineCriterion({
  name: 'depth',
  version: 1,
  summary: 'Counts the layers that run after a layer: the earlier, the more important.',
  reference: {
    title: 'Are All Layers Created Equal? (Zhang et al. 2022)',
    url: 'https://arxiv.org/abs/1902.01996',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => layers.length - 1 - layer.depth),
})
