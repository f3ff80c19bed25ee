import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = −(position of l in order of execution): the earlier a layer, the more important.
 *
 * Source: Elkerdawy et al. 2020 find early layers the harder to remove; the criterion takes nothing else from them.
 */
export const depth = defineCriterion({
  name: 'depth',
  version: 1,
  summary: 'Calls a layer more important the earlier it runs.',
  reference: {
    title: 'To Filter Prune, or to Layer Prune, That Is The Question (Elkerdawy et al. 2020)',
    url: 'https://arxiv.org/abs/2007.05667',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => -layer.depth),
})
