/** How many layers the top 20 % of `layers` are: ⌈layers / 5⌉, at least one. */
export function topCount(layers: number): number {
  return Math.ceil(layers / 5)
}

/**
 * How certainly each value belongs to the k highest: 1 above the k-th highest value, 0 below it, and where several values tie for
 * the last places, places / tied for each of them. The values sum to k, so everything built on them is the expectation over a
 * fair draw among the tied.
 *
 * @param values finite, at least k
 */
export function topMembership(values: readonly number[], k: number): number[] {
  const threshold = values.toSorted((a, b) => b - a)[k - 1]!
  const above = values.filter((value) => value > threshold).length
  const tied = values.filter((value) => value === threshold).length
  return values.map((value) => (value > threshold ? 1 : value < threshold ? 0 : (k - above) / tied))
}

/**
 * Recall of the top 20 %: the share of the k = ⌈n / 5⌉ layers with the highest truth that are among the k with the highest scores,
 * in expectation over ties on either side (drawn independently). Constant scores get k / n.
 *
 * @param truth,scores finite, of equal length, at least one
 */
export function topRecall(truth: readonly number[], scores: readonly number[]): number {
  const k = topCount(truth.length)
  const matter = topMembership(truth, k)
  const picked = topMembership(scores, k)
  return sum(matter.map((share, i) => share * picked[i]!)) / k
}

/**
 * Regret: how much more the k = ⌈n / 5⌉ layers that matter most lose than the k a criterion picks, as a mean over the k protected
 * layers and in the unit of the truth (a fraction of accuracy; bounded KL); the mean, so that deep and shallow models compare.
 * Never negative; in expectation over tied scores. Constant scores get the regret of picking at random.
 *
 * @param truth,scores finite, of equal length, at least one
 */
export function regret(truth: readonly number[], scores: readonly number[]): number {
  const k = topCount(truth.length)
  const matter = topMembership(truth, k)
  const picked = topMembership(scores, k)
  return Math.max(0, sum(truth.map((value, i) => (matter[i]! - picked[i]!) * value))) / k
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
