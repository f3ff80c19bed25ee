import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { lamp } from './lamp.ts'
import { sumOfLamp } from './sum-of-lamp.ts'

/**
 * s(l) = Σ_u LAMP(u), over the weights of the layer: `lamp` without the mean.
 *
 * Source: as `lamp`. Lee et al. 2021 have no score of a layer. The sum counts its weights: n equal ones sum to 1 + 1/2 + … + 1/n, so
 * that it grows with the logarithm of their number.
 */
export const lampSum = defineCriterion({
  name: 'lamp-sum',
  version: 1,
  summary: 'Sums the layer-adaptive magnitude scores of the weights.',
  reference: lamp.reference,
  needs: ['weights'],
  options: z.object({}),
  score: ({ layers, weights }) => byLayer(layers, (layer) => sumOfLamp(weights(layer).data)),
})
