import { byLayer, defineCriterion, sizeOf } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = number of values that l puts out for one example: the more, the more important.
 *
 * Source: the activations of Radosavovic et al. 2020, a measure of a network's complexity (the size of the output
 * tensors of all convolutions), taken of a layer and as if it were importance. A weight that several nodes use counts
 * the first one's output.
 */
export const outputSize = defineCriterion({
  name: 'output-size',
  version: 1,
  summary: 'Counts the values that a layer puts out.',
  reference: {
    title: 'Designing Network Design Spaces (Radosavovic et al. 2020)',
    url: 'https://arxiv.org/abs/2003.13678',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => sizeOf(layer.outputShape)),
})
