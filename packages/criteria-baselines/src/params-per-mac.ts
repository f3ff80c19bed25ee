import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = weights of l / multiply-accumulates of l for one example: the less often a weight is used, the more important.
 *
 * Source: the inverse of the operational intensity of Williams et al. 2009 (operations a byte of memory traffic), of
 * the weights alone, taken as if it were importance. A dense layer scores 1, a convolution 1 / places of its output (a
 * transposed one, of its input), so that layers of one resolution tie. A layer without a multiply-accumulate has no ratio, and no score.
 */
export const paramsPerMac = defineCriterion({
  name: 'params-per-mac',
  version: 1,
  summary: 'Divides the number of weights by the multiply-accumulates of a layer.',
  reference: {
    title: 'Roofline: An Insightful Visual Performance Model for Multicore Architectures (Williams et al. 2009)',
    url: 'https://doi.org/10.1145/1498765.1498785',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) =>
    byLayer(layers, ({ parameters, macs }) => (macs === 0 ? { reason: 'multiplies nothing' } : parameters / macs)),
})
