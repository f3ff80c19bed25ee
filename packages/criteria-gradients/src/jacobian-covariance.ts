import { byLayer, type Capabilities, defineCriterion, rowsOf, type Unscored } from '@loadbearing/core'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { z } from 'zod'

/** What keeps the eigenvalue of a direction that no example has from counting without bound. */
const k = 1e-5

/**
 * s(l) = −Σ_i (ln(σ_i + k) + 1/(σ_i + k)), σ_i the eigenvalues of the correlations between the first N calibration examples of the
 * gradient of the sum of an example's logits with respect to what the layer reads, and k = 10⁻⁵: the less alike the network treats
 * examples from the layer on, the higher.
 *
 * Source: Mellor et al. 2021, the score of the first version of the paper (later called jacob_cov; no equation number, as that
 * version could not be opened), which is that of a whole network before training and by the gradient with respect to its input:
 * the score of the first layer here. That other layers have it by what they read is ours. By what they make the last layer of all
 * would have none: its gradient is 1 everywhere. Correlations are over the values of a gradient, its own mean taken off. Where an
 * example's gradient is the same everywhere, as with a dead layer, it correlates with nothing, and the layer has no score; nor has
 * one of a single example. Rounding below 0 counts as 0.
 */
export const jacobianCovariance = defineCriterion({
  name: 'jacobian-covariance',
  version: 1,
  summary: 'Scores by eigenvalues how little the gradients of examples with respect to what the layer reads correlate.',
  reference: {
    title: 'Neural Architecture Search without Training (Mellor et al. 2021)',
    url: 'https://arxiv.org/abs/2006.04647',
  },
  needs: ['gradients'],
  options: z.object({
    examples: z.int().min(2).default(64).describe('calibration examples, at most'),
  }),
  async score({ layers, activationGradients }, { examples }) {
    const rows = await inputGradients({ activationGradients }, examples)
    return byLayer(layers, ({ name }) => scoreOf(rows.get(name)!))
  },
})

/** The gradient of every example's sum of logits with respect to what every layer reads, by layer name. */
async function inputGradients(
  { activationGradients }: Pick<Capabilities['gradients'], 'activationGradients'>,
  examples: number,
): Promise<ReadonlyMap<string, Float32Array[]>> {
  const found = new Map<string, Float32Array[]>()
  for await (const { gradients } of activationGradients({ objective: 'logit-sum', examples })) {
    for (const [name, { input }] of gradients) found.set(name, [...(found.get(name) ?? []), ...rowsOf(input)])
  }
  return found
}

function scoreOf(rows: readonly Float32Array[]): number | Unscored {
  if (rows.length < 2) return { reason: 'there is but one example' }
  const unit = rows.map(standardized)
  const constant = unit.filter((row) => row === undefined).length
  if (constant > 0) {
    return { reason: `of ${constant} of ${rows.length} examples the gradient is the same everywhere it reads` }
  }
  const correlations = Matrix.zeros(rows.length, rows.length)
  for (const [i, a] of unit.entries()) {
    for (let j = 0; j <= i; j++) {
      const correlation = inner(a!, unit[j]!)
      correlations.set(i, j, correlation).set(j, i, correlation)
    }
  }
  // No eigenvalues of what is no number.
  if (correlations.to1DArray().some(Number.isNaN)) return NaN
  const { realEigenvalues } = new EigenvalueDecomposition(correlations, { assumeSymmetric: true })
  return -realEigenvalues.reduce((sum, value) => {
    const shifted = Math.max(0, value) + k
    return sum + Math.log(shifted) + 1 / shifted
  }, 0)
}

/** With a mean of 0 and a length of 1; undefined where all values are the same. */
function standardized(row: Float32Array): Float64Array | undefined {
  if (row.every((value) => value === row[0])) return undefined
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length
  const centred = Float64Array.from(row, (value) => value - mean)
  const length = Math.sqrt(inner(centred, centred))
  return centred.map((value) => value / length)
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
