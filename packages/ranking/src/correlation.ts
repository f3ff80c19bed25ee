import { averageRanks } from './ranks.ts'

/**
 * Spearman's ρ: Pearson's correlation of the average ranks (Spearman 1904; with ties as in Kendall 1948, Rank Correlation
 * Methods, ch. 3). 0 where either side is constant, which is where the coefficient itself is undefined.
 *
 * @param a,b finite, of equal length
 */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [ranksA, ranksB] = [averageRanks(a), averageRanks(b)]
  const mean = (a.length + 1) / 2
  let [products, squaresA, squaresB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [ranksA[i]! - mean, ranksB[i]! - mean]
    products += da * db
    squaresA += da * da
    squaresB += db * db
  }
  return squaresA === 0 || squaresB === 0 ? 0 : products / Math.sqrt(squaresA * squaresB)
}

/**
 * Kendall's τ-b (Kendall 1945, "The treatment of ties in ranking problems", Biometrika 33): concordant minus discordant pairs
 * over √(pairs untied in a × pairs untied in b). 0 where either side is constant. All pairs are compared: layers are few.
 *
 * @param a,b finite, of equal length
 */
export function kendallTauB(a: readonly number[], b: readonly number[]): number {
  let [agreement, untiedA, untiedB] = [0, 0, 0]
  for (let i = 1; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [signA, signB] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)]
      agreement += signA * signB
      untiedA += signA * signA
      untiedB += signB * signB
    }
  }
  return untiedA === 0 || untiedB === 0 ? 0 : agreement / Math.sqrt(untiedA * untiedB)
}
