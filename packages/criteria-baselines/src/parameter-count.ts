import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = number of weights of l (biases not counted): the bigger, the more important.
 *
 * Source: the cost measure of Han et al. 2015, table 1, taken as if it were importance.
 */
export const parameterCount = defineCriterion({
  name: 'parameter-count',
  version: 1,
  summary: 'Counts the weights of a layer.',
  reference: {
    title: 'Learning both Weights and Connections for Efficient Neural Networks (Han et al. 2015)',
    url: 'https://arxiv.org/abs/1506.02626',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => layer.parameters),
})
