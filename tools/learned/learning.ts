import { centredRanks } from '@loadbearing/criteria-ensembles/features'
import { rankScores } from '@loadbearing/ranking'
import { Matrix, solve } from 'ml-matrix'
import { type Case, type Column, weightsOf } from './cases.ts'

/** A weight for each column. */
export type Weights = ReadonlyMap<Column, number>

/** How much weights are drawn to 0 can be chosen among these, in units of the variance of ranks. */
const penalties = [0.01, 0.03, 0.1, 0.3, 1] as const

/** The variance of ranks that are spread evenly between −½ and ½. */
const variance = 1 / 12

/**
 * Ridge regression (Hoerl & Kennard 1970) of the ranks of the truth on those of the columns, every case weighted as in the headline.
 * Ranks are 0 on average within each case, so that there is no intercept.
 */
export function fit(cases: readonly Case[], columns: readonly Column[], penalty: number): Weights {
  const square = Matrix.zeros(columns.length, columns.length)
  const target = Matrix.zeros(columns.length, 1)
  const weights = weightsOf(cases)
  cases.forEach((each, index) => {
    const rows = each.truth.flatMap((truth, layer) => {
      const row = columns.map((column) => each.ranks.get(column)![layer] ?? null)
      return truth === null || row.includes(null) ? [] : [{ truth, row: row as number[] }]
    })
    const truths = centredRanks(rows.map(({ truth }) => truth))
    rows.forEach(({ row }, i) => {
      const weight = weights[index]! / rows.length
      row.forEach((a, j) => {
        target.set(j, 0, target.get(j, 0) + weight * a * truths[i]!)
        row.forEach((b, k) => square.set(j, k, square.get(j, k) + weight * a * b))
      })
    })
  })
  for (let j = 0; j < columns.length; j++) square.set(j, j, square.get(j, j) + penalty * variance)
  const found = solve(square, target).to1DArray()
  return new Map(columns.map((column, j) => [column, found[j]!]))
}

/** What weights say of a case's layers. */
export function predict({ ranks, truth }: Pick<Case, 'ranks' | 'truth'>, weights: Weights): (number | null)[] {
  return truth.map((_, layer) => {
    let sum = 0
    for (const [column, weight] of weights) sum += weight * (ranks.get(column)![layer] ?? NaN)
    return Number.isFinite(sum) ? sum : null
  })
}

/** The families of some cases. */
export const familiesOf = (cases: readonly Pick<Case, 'family'>[]): string[] => [
  ...new Set(cases.map(({ family }) => family)),
]

/**
 * Weights learnt from cases, with the penalty that does best on families that were left out of these in turn: nothing but the cases
 * themselves decides it.
 */
export function learn(cases: readonly Case[], columns: readonly Column[]): { weights: Weights; penalty: number } {
  let best: { penalty: number; share: number } | undefined
  for (const penalty of penalties) {
    const share = meanShare(
      cases,
      leaveOneFamilyOut(cases, (others) => fit(others, columns, penalty)),
    )
    if (!best || share > best.share) best = { penalty, share }
  }
  return { weights: fit(cases, columns, best!.penalty), penalty: best!.penalty }
}

/** What is said of each case by what was learnt from the other families. */
export function leaveOneFamilyOut(
  cases: readonly Case[],
  learnt: (others: readonly Case[]) => Weights,
): ReadonlyMap<Case, readonly (number | null)[]> {
  const said = new Map<Case, readonly (number | null)[]>()
  for (const family of familiesOf(cases)) {
    const weights = learnt(cases.filter((each) => each.family !== family))
    for (const each of cases) if (each.family === family) said.set(each, predict(each, weights))
  }
  return said
}

function meanShare(cases: readonly Case[], said: ReadonlyMap<Case, readonly (number | null)[]>): number {
  const weights = weightsOf(cases)
  return cases.reduce((sum, each, i) => sum + weights[i]! * (rankScores(each, said.get(each)).share ?? 0), 0)
}
