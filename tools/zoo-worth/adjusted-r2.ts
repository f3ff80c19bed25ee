import { Matrix, SVD } from 'ml-matrix'

/** A fit with fewer degrees of freedom left says nothing. */
const leastFreedom = 2

/** Below this, relative to the largest, a number is the rounding of zero. */
const rounding = 1e-9

/**
 * Adjusted R² of an ordinary least-squares fit with an intercept: 1 − (1 − R²)(n − 1) / (n − p − 1), for n observations and p
 * regressors (Theil 1961, Economic Forecasts and Policy). It is below 0 where the fit explains less than as many columns of noise
 * would. A regressor that is constant, or a linear combination of the others, explains nothing new and is not counted in p.
 *
 * @param target n finite numbers
 * @param regressors one or more columns of n finite numbers
 * @returns null where fewer than 2 degrees of freedom (n − p − 1) are left, or where the target is constant
 */
export function adjustedR2(target: readonly number[], regressors: readonly (readonly number[])[]): number | null {
  const observed = standardised(target)
  if (observed === null) return null
  const columns = regressors.flatMap((column) => standardised(column) ?? [])
  const design = new Matrix(target.length, regressors.length)
  columns.forEach((column, index) => design.setColumn(index, column))

  const { diagonal, leftSingularVectors } = new SVD(design, { autoTranspose: true })
  const rank = diagonal.filter((value) => value > rounding * Math.max(...diagonal)).length
  const freedom = target.length - rank - 1
  if (freedom < leastFreedom) return null
  // Left singular vectors are an orthonormal basis of what the regressors can explain, the largest values first.
  const explained = diagonal.slice(0, rank).map((_, i) => leftSingularVectors.getColumnVector(i).dot(observed) ** 2)
  const r2 = explained.reduce((a, b) => a + b, 0)
  return 1 - ((1 - r2) * (target.length - 1)) / freedom
}

/** A column about 0 and of length 1, so that no unit decides what counts as zero; null where it is constant. */
function standardised(column: readonly number[]): Matrix | null {
  const centred = Matrix.columnVector(column).center('column')
  const length = centred.norm()
  return length > rounding * Matrix.columnVector(column).norm() ? centred.div(length) : null
}
