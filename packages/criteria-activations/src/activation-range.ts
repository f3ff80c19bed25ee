import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = (1/N) Σ_n ‖y_n‖_∞ / √(mean y²), y_n what the layer makes of calibration example n (before any activation function), the
 * mean over all values of the first N examples: how far the largest value stands out, and so how coarse a uniform grid over the
 * range is for the others.
 *
 * Source: Bondarenko et al. 2023, who measure outliers by the infinity norm of an activation, averaged over examples. Dividing by
 * the root mean square is ours, so that a layer does not win by its scale. A layer that makes nothing but zeros has no score.
 */
export const activationRange = defineCriterion({
  name: 'activation-range',
  version: 1,
  summary: 'Divides the largest magnitude that the layer puts out by the root mean square.',
  reference: {
    title: 'Quantizable Transformers: Removing Outliers by Helping Attention Heads Do Nothing (Bondarenko et al. 2023)',
    url: 'https://arxiv.org/abs/2306.12929',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, activations }, { examples }) {
    const seen = new Map(layers.map(({ name }) => [name, { examples: 0, values: 0, largest: 0, squares: 0 }]))
    for await (const batch of activations({ examples })) {
      for (const [name, so] of seen) {
        const { shape, data } = batch.get(name)!.output
        const size = data.length / shape[0]!
        for (let start = 0; start < data.length; start += size) {
          let largest = 0
          for (let i = start; i < start + size; i++) {
            largest = Math.max(largest, Math.abs(data[i]!))
            so.squares += data[i]! ** 2
          }
          so.largest += largest
        }
        so.examples += shape[0]!
        so.values += data.length
      }
    }
    return byLayer(layers, ({ name }) => {
      const { examples: count, values, largest, squares } = seen.get(name)!
      if (squares === 0) return { reason: 'it makes nothing but zeros' }
      return largest / count / Math.sqrt(squares / values)
    })
  },
})
