import { byLayer, defineCriterion, type LayerActivations, rowsOf, type Unscored } from '@loadbearing/core'
import { z } from 'zod'

/**
 * s(l) = (N − 1)⁻² tr(K H L H), K_ij = exp(−‖y_i − y_j‖² / 2σ²) of what the layer makes (before any activation function, all places in
 * one row) of the first N calibration examples, L_ij = 1 where examples i and j are of one class and 0 elsewhere, H = I − 1/N: how
 * much what the layer makes tells of the class. 0 where it is independent of it, but for a bias of the order 1/N.
 *
 * Source: Gretton et al. 2005, the empirical criterion, biased (no equation number, as the paper could not be opened; in Kornblith et
 * al. 2019 it is equation 3, section 3); of layers and classes by Ma et al. 2020. σ is the median of the distances of two examples;
 * where more than half of them are 0, it is their mean (as in the code of Ma et al.). They give the classes a Gaussian kernel, too: of
 * one-hot vectors, that is a L + b, which takes H L H to a H L H, and the order of the layers stays. They divide by the kernels' own
 * sizes in training; here nothing is divided, as σ follows the layer's scale already. That a layer which tells more of the class
 * matters more is our reading.
 */
export const hsic = defineCriterion({
  name: 'hsic',
  version: 1,
  summary: 'Measures the dependence between what the layer makes and the class, by kernels.',
  reference: {
    title: 'The HSIC Bottleneck: Deep Learning without Back-Propagation (Ma et al. 2020)',
    url: 'https://arxiv.org/abs/1908.01580',
  },
  needs: ['activations', 'labels'],
  options: z.object({
    examples: z.int().min(3).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activations, labels }, { examples }) {
    const batches: ReadonlyMap<string, LayerActivations>[] = []
    for await (const batch of activations({ examples })) batches.push(batch)
    return byLayer(layers, ({ name }): number | Unscored => {
      const rows = batches.flatMap((batch) => rowsOf(batch.get(name)!.output))
      const classes = [...labels.subarray(0, rows.length)]
      if (classes.every((label) => label === classes[0])) return { reason: 'all examples are of one class' }
      const squares = squaredDistances(rows)
      const width = medianWidth(squares)
      if (width === 0) return { reason: 'it makes the same of all examples' }
      // Their one distance is the kernel's own width, whatever a layer makes.
      if (rows.length === 2) return { reason: 'two examples are too few' }
      const kernel = squares.map((row) => row.map((square) => Math.exp(-square / (2 * width ** 2))))
      return dependence(kernel, classes)
    })
  },
})

function squaredDistances(rows: readonly Float32Array[]): Float64Array[] {
  const squares = rows.map(() => new Float64Array(rows.length))
  for (const [i, a] of rows.entries()) {
    for (let j = 0; j < i; j++) {
      const b = rows[j]!
      let sum = 0
      for (let f = 0; f < a.length; f++) {
        const difference = a[f]! - b[f]!
        sum += difference * difference
      }
      squares[i]![j] = squares[j]![i] = sum
    }
  }
  return squares
}

/** The median distance of two rows, their mean where that is 0; NaN where one is not finite. */
function medianWidth(squares: readonly Float64Array[]): number {
  const distances = Float64Array.from(squares.flatMap((row, i) => [...row.subarray(0, i)].map(Math.sqrt))).sort()
  const middle = (distances.length - 1) / 2
  const median = (distances[Math.floor(middle)]! + distances[Math.ceil(middle)]!) / 2
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length
  if (!Number.isFinite(mean)) return NaN
  return median > 0 ? median : mean
}

/** (N − 1)⁻² Σ_ij K_ij (H L H)_ij. */
function dependence(kernel: readonly Float64Array[], classes: readonly number[]): number {
  const count = classes.length
  const share = classes.map((label) => classes.filter((other) => other === label).length / count)
  const whole = share.reduce((sum, its) => sum + its, 0) / count
  let sum = 0
  kernel.forEach((row, i) =>
    row.forEach((value, j) => (sum += value * (Number(classes[i] === classes[j]) - share[i]! - share[j]! + whole))),
  )
  return sum / (count - 1) ** 2
}
