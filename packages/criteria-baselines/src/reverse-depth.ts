import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = number of layers that run before l: the later a layer, the more important.
 *
 * Source: Yosinski et al. 2014, who find features to turn from general to specific to the task along the depth. They
 * propose no score; taking the position alone is our reading, to see how far it goes. It is the opposite of depth.
 */
export const reverseDepth = defineCriterion({
  name: 'reverse-depth',
  version: 1,
  summary: 'Counts the layers that run before a layer: the later, the more important.',
  reference: {
    title: 'How transferable are features in deep neural networks? (Yosinski et al. 2014)',
    url: 'https://arxiv.org/abs/1411.1792',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => layer.depth),
})
