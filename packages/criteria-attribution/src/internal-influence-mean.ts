import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { internalInfluence } from './internal-influence.ts'
import { meanInfluences } from './mean-influences.ts'
import { sumOfMagnitudes } from './sum-of-magnitudes.ts'

/**
 * s(l) = (1/(N J)) Σ_n Σ_j |∫₀¹ ∂z_n/∂y_nj (α x_n) dα|, J the units of what the layer makes: `internal-influence` of a unit, instead of
 * all of them. A gradient, unlike what is gained along a path, is no share of a whole: neither the sum nor the mean follows from it.
 *
 * Source: Leino et al. 2018, as there; that magnitudes are averaged over the layer is ours.
 */
export const internalInfluenceMean = defineCriterion({
  name: 'internal-influence-mean',
  version: 1,
  summary: "Averages the true logit's gradient between zeros and the example, and its magnitude over units.",
  reference: internalInfluence.reference,
  needs: ['gradients', 'labels'],
  options: z.object(internalInfluence.options.shape),
  async score({ layers, activationGradients }, options) {
    const means = await meanInfluences({ activationGradients }, options)
    return byLayer(layers, ({ name }) => {
      const { influences } = means.get(name)!
      return sumOfMagnitudes(influences) / influences.length
    })
  },
})
