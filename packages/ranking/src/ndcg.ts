/**
 * Normalized discounted cumulative gain over all layers (Järvelin & Kekäläinen 2002): the gain of a layer is its truth, negative
 * truths count as no gain; the discount of rank r is 1 / log₂(r + 1). Layers whose scores tie share the mean of the discounts they
 * span (McSherry & Najork 2008), which is the expectation over a fair draw among them. 0 where no layer has a gain.
 *
 * @param truth,scores finite, of equal length
 */
export function ndcg(truth: readonly number[], scores: readonly number[]): number {
  const gains = truth.map((value) => Math.max(0, value))
  const ideal = discountedGain(gains, gains)
  return ideal === 0 ? 0 : discountedGain(gains, scores) / ideal
}

function discountedGain(gains: readonly number[], scores: readonly number[]): number {
  const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!)
  let total = 0
  for (let first = 0; first < order.length;) {
    let [last, gain, discount] = [first, 0, 0]
    for (; last < order.length && scores[order[last]!] === scores[order[first]!]; last++) {
      gain += gains[order[last]!]!
      discount += 1 / Math.log2(last + 2)
    }
    total += (gain * discount) / (last - first)
    first = last
  }
  return total
}
