import { byLayer, defineCriterion, type Layer, type Tensor } from '@loadbearing/core'
import { z } from 'zod'
import { featureVectorsOf } from './feature-vectors.ts'

/**
 * s(l) = mean over channels of −Σ_b p_b ln p_b, p_b the share of the first N calibration examples whose value of the channel, the mean
 * over its places, falls into bin b of `bins` equal ones from the lowest value of the channel to the highest.
 *
 * Source: Luo and Wu 2017, the entropy of a channel after global average pooling (equation 1, section 3.2, as others cite it). They
 * prune channels; here they are averaged over the layer, as an entropy is of one distribution, whatever the number of channels.
 * Theirs is of what the next layer reads, behind ReLU; here it is what the layer makes before it. A channel that is the same for all
 * examples has an entropy of 0; none has more than the logarithm of the bins or of the examples.
 */
export const activationEntropy = defineCriterion({
  name: 'activation-entropy',
  version: 1,
  summary: 'Averages over channels the entropy of their mean activation over examples.',
  reference: {
    title: 'An Entropy-based Pruning Method for CNN Compression (Luo and Wu 2017)',
    url: 'https://arxiv.org/abs/1706.05791',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(1).default(256).describe('calibration examples, at most'),
    bins: z.int().min(2).max(4096).default(32).describe('bins of a channel'),
  }),
  async score({ layers, activations }, { examples, bins }) {
    const pooled = new Map(layers.map((layer): [Layer, Float64Array[]] => [layer, []]))
    for await (const batch of activations({ examples })) {
      for (const [layer, rows] of pooled) rows.push(...channelMeans(layer, batch.get(layer.name)!.output))
    }
    return byLayer(layers, (layer) => {
      const rows = pooled.get(layer)!
      const channels = rows[0]!.length
      let sum = 0
      for (let channel = 0; channel < channels; channel++) {
        sum += entropyOf(
          rows.map((row) => row[channel]!),
          bins,
        )
      }
      return sum / channels
    })
  },
})

/** Of every example, the mean over places of every channel. */
function channelMeans(layer: Layer, output: Tensor): Float64Array[] {
  const { count, features, stride, start } = featureVectorsOf(layer, output)
  const places = count / output.shape[0]!
  return Array.from({ length: output.shape[0]! }, (_, example) => {
    const means = new Float64Array(features)
    for (let vector = example * places; vector < (example + 1) * places; vector++) {
      const first = start(vector)
      for (let f = 0; f < features; f++) means[f]! += output.data[first + f * stride]! / places
    }
    return means
  })
}

/** In nats; NaN where a value is no finite number. */
function entropyOf(values: readonly number[], bins: number): number {
  const low = values.reduce((least, value) => Math.min(least, value))
  const high = values.reduce((most, value) => Math.max(most, value))
  if (!Number.isFinite(high - low)) return NaN
  if (high === low) return 0
  const counts = new Float64Array(bins)
  for (const value of values) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]!++
  return counts.reduce((sum, count) => {
    const p = count / values.length
    return p === 0 ? sum : sum - p * Math.log(p)
  }, 0)
}
