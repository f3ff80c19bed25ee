import { byLayer, defineCriterion, type Layer, type LayerActivations, rowsOf } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = 1 − ‖Yᵀ X‖_F² / (‖Xᵀ X‖_F ‖Yᵀ Y‖_F), a row of X and Y what the layer reads and makes (before any activation function) of one
 * of the first N calibration examples, all places in one row, the mean over examples taken off every column: how far the layer
 * changes which examples are alike. From 0, of a rotation or a scaling, to 1.
 *
 * Source: Kornblith et al. 2019, linear CKA (table 1; with any kernel equation 4, section 3). They compare layers and networks and
 * rank none: that a layer which leaves the likeness of examples as it is matters less is our reading. It is the estimate with its
 * bias: the more features there are beside examples, the higher is CKA. It is computed from the products of examples, N × N. Where
 * what is read or made is the same for all examples, as of one alone, there is no score.
 */
export const ckaWithInput = defineCriterion({
  name: 'cka-with-input',
  version: 1,
  summary: 'Subtracts from 1 the linear CKA between what the layer reads and what it makes.',
  reference: {
    title: 'Similarity of Neural Network Representations Revisited (Kornblith et al. 2019)',
    url: 'https://arxiv.org/abs/1905.00414',
  },
  needs: ['activations'],
  options: z.object({
    examples: z.int().min(3).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations }, { examples }) {
    const batches: ReadonlyMap<string, LayerActivations>[] = []
    for await (const batch of activations({ examples })) batches.push(batch)
    return byLayer(layers, ({ name }: Layer) => {
      const products = (side: keyof LayerActivations): Float64Array =>
        centredProducts(batches.flatMap((batch) => rowsOf(batch.get(name)![side])))
      const [x, y] = [products('input'), products('output')]
      const size = Math.sqrt(inner(x, x)) * Math.sqrt(inner(y, y))
      if (size === 0) return { reason: 'what it reads or makes is the same for all examples' }
      // Whatever a layer makes, two examples are alike in one way only.
      if (x.length === 2 ** 2) return { reason: 'two examples are too few' }
      return 1 - inner(x, y) / size
    })
  },
})

/** The inner products of every two rows, once the mean of all rows is taken off each: [rows · rows]. */
function centredProducts(rows: readonly Float32Array[]): Float64Array {
  const mean = Float64Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length)
  const centred = rows.map((row) => mean.map((value, i) => row[i]! - value))
  const products = new Float64Array(rows.length ** 2)
  for (const [i, a] of centred.entries()) {
    for (let j = 0; j <= i; j++) products[i * rows.length + j] = products[j * rows.length + i] = inner(a, centred[j]!)
  }
  return products
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
