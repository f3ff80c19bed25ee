import { type Capabilities, defineCriterion, type Layer, type Rng, type Score, type Tensor } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = λ, the eigenvalue of largest magnitude of H_ll, with its sign, H_ll the layer's block of the Hessian of the mean cross-entropy
 * of the first N calibration examples.
 *
 * It is found by power iteration from a random vector: v ← H_ll v / ‖H_ll v‖, λ = ⟨v, H_ll v⟩ / ⟨v, v⟩, until the residual ‖H_ll v − λ v‖ is
 * at most `tolerance` times |λ|, or `iterations` products have been taken: then the layer is flagged as capped. λ then lies within the
 * residual of an eigenvalue, and most often much nearer; that it is the largest is as good as certain, not proven, as a random vector may
 * hold too little of its own. Two eigenvalues of one magnitude and opposite signs end at the cap.
 *
 * Source: Dong et al. 2019 (algorithms 1 and 2, as others cite it), who rank layers by the top eigenvalue over the number of weights,
 * to find which takes fewer bits, and order their retraining by the top eigenvalue times the squared error of quantization; here it is
 * the eigenvalue alone. Their library PyHessian stops where the estimate hardly changes, which it may do far from any eigenvalue. Every
 * layer takes products of its own.
 */
export const topEigenvalue = defineCriterion({
  name: 'top-eigenvalue',
  version: 1,
  summary:
    "Finds the largest eigenvalue of the loss's Hessian with respect to the layer's weights, by power iteration.",
  reference: {
    title: 'HAWQ: Hessian AWare Quantization of Neural Networks with Mixed-Precision (Dong et al. 2019)',
    url: 'https://arxiv.org/abs/1905.03696',
  },
  needs: ['hessian', 'labels'],
  options: z.object({
    examples: z.int().min(1).default(32).describe('calibration examples, at most'),
    iterations: z.int().min(1).default(30).describe('products a layer, at most'),
    tolerance: z.number().positive().default(0.02).describe('largest residual, as share of the eigenvalue'),
  }),
  async score({ layers, rng, hessianProduct }, { examples, ...limits }) {
    const scores = new Map<string, Score>()
    for (const layer of layers) {
      const product = blockProduct({ hessianProduct }, layer, examples)
      scores.set(layer.name, await powerIteration(product, randomStart(layer, rng.split(layer.name)), limits))
    }
    return scores
  },
})

type Product = (vector: Tensor) => Promise<Tensor>

function blockProduct(
  { hessianProduct }: Pick<Capabilities['hessian'], 'hessianProduct'>,
  { name }: Layer,
  examples: number,
): Product {
  return async (vector) => (await hessianProduct(new Map([[name, vector]]), examples)).get(name)!
}

function randomStart({ weightShape: shape, parameters }: Layer, rng: Rng): Tensor {
  return { shape, data: Float32Array.from({ length: parameters }, () => rng.normal()) }
}

async function powerIteration(
  product: Product,
  start: Tensor,
  { iterations, tolerance }: { readonly iterations: number; readonly tolerance: number },
): Promise<Score> {
  let vector = scaled(start, 1 / Math.sqrt(inner(start, start)))
  let value = 0
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = await product(vector)
    const square = inner(next, next)
    value = inner(vector, next) / inner(vector, vector)
    // Of no curvature, or of what is not a number, there is no next vector.
    if (!(square > 0) || residual(next, value, vector) <= tolerance * Math.abs(value)) return { value }
    vector = scaled(next, 1 / Math.sqrt(square))
  }
  return { value, capped: true }
}

const scaled = ({ shape, data }: Tensor, factor: number): Tensor => ({ shape, data: data.map((v) => factor * v) })

/** ‖a − λ b‖; from ‖a‖² − λ² instead, rounding would leave nothing of a small one. */
function residual({ data: a }: Tensor, value: number, { data: b }: Tensor): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - value * b[i]!) ** 2
  return Math.sqrt(sum)
}

function inner({ data: a }: Tensor, { data: b }: Tensor): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
