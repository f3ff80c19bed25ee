import type { Score } from '@loadbearing/core'

/**
 * The mean of a table of draws × examples, with its standard error when either might have been others. All examples of a draw
 * share its weights and all draws share the examples, so that the entries are not independent. With the mean squares between
 * draws D, between examples E and of the remainder R (two-way analysis of variance, random effects),
 *
 *   SE² = (D + E − R) / (draws · examples)
 *
 * but never less than D or E alone would give.
 *
 * @param table one row a draw, all of the same length
 * @param random whether another draw would have been another; a table of a single draw that would not has E alone
 * @returns no standard error where a source of chance was seen once only
 */
export function crossedMean(table: readonly Float64Array[], random: boolean): Score {
  const draws = table.length
  const examples = table[0]!.length
  const ofDraw = table.map((row) => sum(row) / examples)
  const ofExample = Array.from(table[0]!, (_, i) => sum(table.map((row) => row[i]!)) / draws)
  const value = sum(ofDraw) / draws
  if (examples < 2 || (random && draws < 2)) return { value }

  const betweenExamples = (draws * squares(ofExample, value)) / (examples - 1)
  if (draws < 2) return { value, standardError: Math.sqrt(betweenExamples / examples) }
  const betweenDraws = (examples * squares(ofDraw, value)) / (draws - 1)
  const remainder =
    sum(table.map((row, d) => sum(row.map((entry, e) => (entry - ofDraw[d]! - ofExample[e]! + value) ** 2)))) /
    ((draws - 1) * (examples - 1))
  const square = Math.max(betweenDraws, betweenExamples, betweenDraws + betweenExamples - remainder)
  return { value, standardError: Math.sqrt(square / (draws * examples)) }
}

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}

const squares = (values: readonly number[], mean: number): number => sum(values.map((value) => (value - mean) ** 2))
