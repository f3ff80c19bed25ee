import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'
import { classActivationMaps } from './class-activation-maps.ts'
import { gradCam } from './grad-cam.ts'

/**
 * s(l) = (1/(N P)) Σ_n Σ_p ReLU(Σ_k a_nk y_nkp), P the places of a map of what the layer makes: `grad-cam` at a place, instead of all of
 * them, so that a layer does not count for more because its maps are larger.
 *
 * Source: Selvaraju et al. 2017, as there; that a layer's score is the mean of its map is ours.
 */
export const gradCamMean = defineCriterion({
  name: 'grad-cam-mean',
  version: 1,
  summary: 'Weighs feature maps by their mean gradient of the true logit, and averages what is positive over places.',
  reference: gradCam.reference,
  needs: ['activations', 'gradients', 'labels'],
  options: z.object(gradCam.options.shape),
  async score({ layers, ...context }, { examples }) {
    const maps = await classActivationMaps(layers, context, examples)
    return byLayer(layers, ({ name }) => {
      const { total, places, examples: count } = maps.get(name)!
      return total / (places * count)
    })
  },
})
