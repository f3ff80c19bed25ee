import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) ~ U[0, 1): what no knowledge at all would score. A criterion below it is worse than none.
 *
 * Source: the most naive baseline of Liu et al. 2022, who prune at random; here the ranking of the layers is random.
 */
export const random = defineCriterion({
  name: 'random',
  version: 1,
  summary: 'Draws every score at random.',
  reference: {
    title: 'The Unreasonable Effectiveness of Random Pruning (Liu et al. 2022)',
    url: 'https://arxiv.org/abs/2202.02643',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers, rng }) => byLayer(layers, () => rng.uniform()),
})
