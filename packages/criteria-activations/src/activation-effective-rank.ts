import { byLayer, defineCriterion, type Layer, type Tensor } from '@loadbearing/core'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { z } from 'zod'
import { featureVectorsOf } from './feature-vectors.ts'

/**
 * s(l) = exp(−Σ_k p_k ln p_k), p_k = σ_k / Σ σ, σ the singular values of a matrix with a row for every place of the first N
 * calibration examples and a column for every channel or feature of what the layer makes there (before any activation function).
 *
 * Source: Garrido et al. 2023 (equation 1, as others cite it), who take the effective rank of Roy and Vetterli (2007; definition 1, as
 * others cite it) of representations: a row an image, and no mean taken off. Here a place is a row, so that no pooling is chosen, and
 * what they add to p against zeros is left out: a p of 0 adds nothing. They compare networks: that a layer which makes use of more
 * directions matters more is our reading. It is from 1 to the number of channels, so that wide layers can reach more; a layer that
 * makes nothing but zeros scores 0, its rank. The singular values are the roots of the eigenvalues of the product of the matrix with
 * itself: those below 1e-7 of the largest are noise.
 */
export const activationEffectiveRank = defineCriterion({
  name: 'activation-effective-rank',
  version: 1,
  summary: 'Takes the exponential of the entropy of the singular values of what the layer puts out.',
  reference: {
    title:
      'RankMe: Assessing the downstream performance of pretrained self-supervised representations by their rank (Garrido et al. 2023)',
    url: 'https://arxiv.org/abs/2210.02885',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(1).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations }, { examples }) {
    const products = new Map<Layer, Float64Array>()
    for await (const batch of activations({ examples })) {
      for (const layer of layers) {
        const { output } = batch.get(layer.name)!
        const { features } = featureVectorsOf(layer, output)
        const sums = products.get(layer) ?? new Float64Array(features ** 2)
        products.set(layer, sums)
        addProducts(sums, layer, output)
      }
    }
    return byLayer(layers, (layer) => effectiveRank(products.get(layer)!))
  },
})

/** Adds Σ y yᵀ over the places to the lower triangle of [features · features]. */
function addProducts(sums: Float64Array, layer: Layer, output: Tensor): void {
  const { count, features, stride, start } = featureVectorsOf(layer, output)
  const y = new Float64Array(features)
  for (let vector = 0; vector < count; vector++) {
    const first = start(vector)
    for (let f = 0; f < features; f++) y[f] = output.data[first + f * stride]!
    for (let f = 0; f < features; f++) {
      const value = y[f]!
      for (let g = 0; g <= f; g++) sums[f * features + g]! += value * y[g]!
    }
  }
}

/** From the lower triangle of the products of the columns. */
function effectiveRank(products: Float64Array): number {
  const features = Math.sqrt(products.length)
  const squares = new Matrix(features, features)
  for (let f = 0; f < features; f++) {
    for (let g = 0; g <= f; g++) squares.set(f, g, products[f * features + g]!).set(g, f, products[f * features + g]!)
  }
  const trace = squares.trace()
  if (trace === 0 || !Number.isFinite(trace)) return trace
  const { realEigenvalues } = new EigenvalueDecomposition(squares, { assumeSymmetric: true })
  const values = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)))
  const total = values.reduce((sum, value) => sum + value, 0)
  const entropy = values.reduce((sum, value) => {
    const p = value / total
    return p === 0 ? sum : sum - p * Math.log(p)
  }, 0)
  return Math.exp(entropy)
}
