import {
  byLayer,
  defineCriterion,
  type Layer,
  meanOfDraws,
  type Rng,
  sizeOf,
  type Tensor,
  type TensorsByLayer,
} from '@loadbearing/core'
import { z } from 'zod'

/** Fewer draws say too little of their own spread. */
const fewest = 4

/**
 * s(l) = Tr(H_ll) ≈ (1/m) Σ_i ⟨z_i, H z_i⟩_l, H the Hessian of the mean cross-entropy of the first N calibration examples with
 * respect to all weights, H_ll its block of a layer, z_i a vector of random signs over all weights, ⟨·,·⟩_l the inner product over
 * the layer's.
 *
 * It draws until the largest standard error of any layer is at most `precision` of the spread between layers (the standard
 * deviation of their scores), at least 4 times and at most `draws` times. The standard error is that of the mean of the draws.
 *
 * Source: Hutchinson's estimator as HAWQ-V2 takes it (Dong et al. 2020, equation 6), whose criterion is the mean eigenvalue, the
 * trace over the number of weights, times the squared error of quantization: here it is the trace alone. They draw for one layer
 * at a time; here one product serves all layers, which leaves the mean as it is and adds to the spread of a layer what its
 * block shares with others.
 */
export const hutchinsonTrace = defineCriterion({
  name: 'hutchinson-trace',
  version: 1,
  summary: "Estimates the trace of the loss's Hessian with respect to the weights, from products with random signs.",
  reference: {
    title: 'HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks (Dong et al. 2020)',
    url: 'https://arxiv.org/abs/1911.03852',
  },
  needs: ['hessian', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    draws: z.int().min(fewest).default(32).describe('products, at most'),
    precision: z.number().positive().default(0.1).describe('largest standard error, as share of the spread of layers'),
  }),
  async score({ layers, rng, hessianProduct }, { examples, draws, precision }) {
    const drawn = new Map(layers.map(({ name }): [string, number[]] => [name, []]))
    for (let draw = 1; draw <= draws; draw++) {
      const signs = signsOf(layers, rng)
      const product = await hessianProduct(signs, examples)
      for (const [name, its] of drawn) its.push(inner(signs.get(name)!, product.get(name)!))
      if (draw >= fewest && isPrecise([...drawn.values()], precision)) break
    }
    return byLayer(layers, ({ name }) => meanOfDraws(drawn.get(name)!))
  },
})

function signsOf(layers: readonly Layer[], rng: Rng): TensorsByLayer {
  return new Map(
    layers.map(({ name, weightShape: shape }) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, () => (rng.uniform() < 0.5 ? -1 : 1))
      return [name, { shape, data }]
    }),
  )
}

function isPrecise(drawn: readonly (readonly number[])[], precision: number): boolean {
  const scores = drawn.map(meanOfDraws)
  const spread = Math.sqrt(varianceOf(scores.map(({ value }) => value)))
  return Math.max(...scores.map(({ standardError }) => standardError!)) <= precision * spread
}

function inner(a: Tensor, b: Tensor): number {
  return a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0)
}

/** Of one value there is none to tell: 0. */
function varianceOf(values: readonly number[]): number {
  const mean = meanOfDraws(values).value
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1)
}
