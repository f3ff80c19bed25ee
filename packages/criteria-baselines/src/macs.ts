import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = multiply-accumulates of l for one example: the more computation, the more important.
 *
 * Source: the computational cost by which Molchanov et al. 2017 regularize importance (FLOPs regularized pruning:
 * equation 9, section 2.4, of an early version), taken as if it were importance itself.
 */
export const macs = defineCriterion({
  name: 'macs',
  version: 1,
  summary: 'Counts the multiply-accumulates of a layer.',
  reference: {
    title: 'Pruning Convolutional Neural Networks for Resource Efficient Inference (Molchanov et al. 2017)',
    url: 'https://arxiv.org/abs/1611.06440',
  },
  needs: [],
  options: z.object({}),
  score: ({ layers }) => byLayer(layers, (layer) => layer.macs),
})
