import { arePrecise, byLayer, defineCriterion, type Score } from '@loadbearing/core'
import { z } from 'zod'
import { gradientWithin, outputsOf } from './outputs.ts'

type Estimate = Required<Omit<Score, 'capped'>>

/** Draws come in so many groups of the same size; how far the groups are apart tells the standard error. */
const groups = 8

/**
 * s(l) = (1/N) Σ_n Σ_j |E_{b, α} (y_nj − b_j) ∂z_n/∂y_nj (b + α (y_n − b))|, over the first N calibration examples, y_nj unit j of what the
 * layer makes (before any activation function), b what it makes of another of these examples, drawn at random as is α from 0 to 1,
 * z_n the logit of example n's true class.
 *
 * Source: Erion et al. 2021, expected gradients (section "Methods 2" of the arXiv version), of the part of the network that
 * reads the layer, as `integrated-gradients` is: all else sees the example itself. They attribute to inputs and score no layer:
 * that magnitudes are summed over the layer is ours. All layers and examples share the draws: α, and how far on among the
 * examples the baseline is.
 *
 * It draws until the largest standard error of any layer is at most `precision` of the spread between layers (the standard
 * deviation of their scores), 8 draws at a time and `draws` at most; a score that ended there says so. The standard
 * error is that of the jackknife over 8 groups of draws. Magnitudes of a mean that is not yet certain are too large: the score
 * falls a little with more draws. A draw takes a pass of every example for every layer.
 */
export const expectedGradients = defineCriterion({
  name: 'expected-gradients',
  version: 1,
  summary:
    'Integrates the gradient while what the layer makes moves from what it makes of other examples; sums magnitudes.',
  reference: {
    title:
      'Improving performance of deep learning models with axiomatic attribution priors and expected gradients (Erion et al. 2021)',
    url: 'https://arxiv.org/abs/1906.10670',
  },
  needs: ['activations', 'gradients', 'labels'],
  options: z.object({
    examples: z.int().min(2).default(8).describe('calibration examples, at most'),
    draws: z.int().min(groups).default(32).describe('baselines, at most'),
    precision: z.number().positive().default(0.1).describe('largest standard error, as share of the spread of layers'),
  }),
  async score({ layers, rng, activations, outputGradients }, { examples, draws, precision }) {
    const made = await outputsOf({ activations }, { examples })
    const count = made.get(layers[0]!.name)!.shape[0]!
    if (count < 2) return byLayer(layers, () => ({ reason: 'there is no other example to start from' }))
    const sums = new Map(
      layers.map(({ name }) => {
        const units = made.get(name)!.data.length
        return [name, Array.from({ length: groups }, () => new Float64Array(units))]
      }),
    )
    for (let drawn = groups; ; drawn += groups) {
      for (let group = 0; group < groups; group++) {
        const shift = 1 + rng.integer(count - 1)
        const within = { alpha: rng.uniform(), baseline: { shift } }
        for (const layer of layers) {
          const { data } = made.get(layer.name)!
          const gradient = await gradientWithin({ outputGradients }, layer, within, {
            objective: 'true-logit',
            examples,
          })
          const sum = sums.get(layer.name)![group]!
          const ahead = shift * (data.length / count)
          for (let i = 0; i < sum.length; i++) {
            sum[i]! += (data[i]! - data[(i + ahead) % data.length]!) * gradient.data[i]!
          }
        }
      }
      const scores = new Map(layers.map(({ name }) => [name, scoreOf(sums.get(name)!, drawn, count)]))
      const precise = arePrecise([...scores.values()], precision)
      if (precise || drawn + groups > draws) {
        return byLayer(layers, ({ name }) => ({ ...scores.get(name)!, ...(!precise && { capped: true }) }))
      }
    }
  },
})

/** The sum of the magnitudes of the mean over all draws, an example; its error from leaving out one group after the other. */
function scoreOf(sums: readonly Float64Array[], draws: number, examples: number): Estimate {
  const without = new Float64Array(groups)
  let value = 0
  for (let i = 0; i < sums[0]!.length; i++) {
    let all = 0
    for (const sum of sums) all += sum[i]!
    value += Math.abs(all) / (draws * examples)
    for (let group = 0; group < groups; group++) {
      without[group]! += Math.abs(all - sums[group]![i]!) / (draws * (1 - 1 / groups) * examples)
    }
  }
  const mean = without.reduce((sum, each) => sum + each, 0) / groups
  const squares = without.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  return { value, standardError: Math.sqrt(((groups - 1) / groups) * squares) }
}
