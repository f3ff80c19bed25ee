import { byLayer, defineCriterion, type Layer, type LayerActivations } from '@loadbearing/core'
import { z } from 'zod'
import { featureVectorsOf } from './feature-vectors.ts'

/**
 * s(l) = 1 − mean over places of ⟨x, y⟩ / (‖x‖ ‖y‖), x and y the features of what the layer reads and makes at one place (a token, a
 * pixel of a channel map) of one of the first N calibration examples: how far the layer turns what it reads. From 0 to 2.
 *
 * Source: Men et al. 2024, the block influence (equation 1, section 3.1), where a row of the hidden state is a place. Theirs is of a
 * whole transformer block with the sum around it, which is why its cosines are near 1; here a layer stands for itself, before any
 * activation function and without what is added to it. Only a layer whose input and output have the same shape has one. Where x or y
 * is nothing but zeros there is no angle and the place is left out: an unofficial implementation, sramshetty/ShortGPT, counts it as
 * a half.
 */
export const blockInfluence = defineCriterion({
  name: 'block-influence',
  version: 1,
  summary: 'Subtracts from 1 the mean cosine between what the layer reads and what it makes.',
  reference: {
    title: 'ShortGPT: Layers in Large Language Models are More Redundant Than You Expect (Men et al. 2024)',
    url: 'https://arxiv.org/abs/2403.03853',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations }, { examples }) {
    const cosines = new Map(layers.filter(keepsItsShape).map((layer) => [layer, { sum: 0, places: 0 }]))
    for await (const batch of activations({ examples })) {
      for (const [layer, its] of cosines) addCosines(its, layer, batch.get(layer.name)!)
    }
    return byLayer(layers, (layer) => {
      const its = cosines.get(layer)
      if (!its) return { reason: 'reads and makes tensors of different shapes' }
      return its.places === 0 ? { reason: 'reads or makes nothing but zeros' } : 1 - its.sum / its.places
    })
  },
})

function keepsItsShape({ inputShape, outputShape }: Layer): boolean {
  return inputShape.join() === outputShape.join()
}

function addCosines(
  total: { sum: number; places: number },
  layer: Layer,
  { input: { data: read }, output }: LayerActivations,
): void {
  const { count, features, stride, start } = featureVectorsOf(layer, output)
  const made = output.data
  for (let vector = 0; vector < count; vector++) {
    let [product, squaresRead, squaresMade] = [0, 0, 0]
    for (let f = 0, at = start(vector); f < features; f++, at += stride) {
      product += read[at]! * made[at]!
      squaresRead += read[at]! ** 2
      squaresMade += made[at]! ** 2
    }
    if (squaresRead === 0 || squaresMade === 0) continue
    total.sum += product / Math.sqrt(squaresRead) / Math.sqrt(squaresMade)
    total.places++
  }
}
