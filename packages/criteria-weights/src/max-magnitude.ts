import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = max |w|, over all weights of the layer.
 *
 * Source: Krishnamoorthi 2018, who takes a quantizer's range of weights from the smallest and the largest, so that the
 * largest magnitude sets the error of all others; that range as importance is our reading. It grows with the number of
 * weights. A layer of zeros scores 0.
 */
export const maxMagnitude = defineCriterion({
  name: 'max-magnitude',
  version: 1,
  summary: 'Takes the largest magnitude of a weight.',
  reference: {
    title: 'Quantizing deep convolutional networks for efficient inference: A whitepaper (Krishnamoorthi 2018)',
    url: 'https://arxiv.org/abs/1806.08342',
  },
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) =>
    byLayer(layers, (layer) => weights(layer).data.reduce((max, w) => Math.max(max, Math.abs(w)), 0)),
})
