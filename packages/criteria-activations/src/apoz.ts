import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = 1 − APoZ, APoZ the share, among all values that the layer makes of the first N calibration examples, of those that a ReLU
 * right behind the layer sets to zero: those that are not positive.
 *
 * Source: Hu et al. 2016, the average percentage of zeros of a channel (equation 1, as others cite it), after its ReLU; here the
 * mean over the channels of the layer, which have equally many values. A higher APoZ is less important, hence 1 − APoZ. A criterion
 * sees what a layer makes, not what stands behind it: where that is no ReLU but, say, a sum, a batch normalization or the class
 * scores, it is still the share of positive values, which no longer says how many are zero.
 */
export const apoz = defineCriterion({
  name: 'apoz',
  version: 1,
  summary: 'Counts the share of values that a ReLU behind the layer would not set to zero.',
  reference: {
    title:
      'Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep Architectures (Hu et al. 2016)',
    url: 'https://arxiv.org/abs/1607.03250',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
  }),
  async score({ layers, activations }, { examples }) {
    const seen = new Map(layers.map(({ name }) => [name, { positive: 0, values: 0 }]))
    for await (const batch of activations({ examples })) {
      for (const [name, so] of seen) {
        const { data } = batch.get(name)!.output
        for (const value of data) so.positive += Number.isNaN(value) ? NaN : Number(value > 0)
        so.values += data.length
      }
    }
    return byLayer(layers, ({ name }) => seen.get(name)!.positive / seen.get(name)!.values)
  },
})
