import type { Rng } from '@loadbearing/core'

/**
 * The trials that succeed, in order, of `count` independent ones that do with this probability each.
 *
 * One uniform u is drawn a success instead of one a trial: so many trials fail in between as q^g > u holds for g, with
 * q = 1 − p. That largest g is found by halving, from the powers q, q², q⁴, …: products only, no logarithm, whose last
 * bit an engine may choose.
 *
 * @throws RangeError where `probability` is none
 */
export function* successes(count: number, probability: number, rng: Rng): Generator<number, void> {
  if (!(probability >= 0 && probability <= 1)) throw new RangeError('the intensity is a probability from 0 to 1')
  const powers = [1 - probability]
  let widest = 1
  // No u but 0 is below the last power; with more than 2⁵² failures no tensor is that large.
  for (let power = powers[0]!; power >= Number.EPSILON / 2 && powers.length < 52; widest *= 2) {
    power *= power
    powers.push(power)
  }
  for (let trial = 0; ; trial++) {
    const u = rng.uniform()
    let remaining = 1
    for (let i = powers.length - 1, failures = widest; i >= 0; i--, failures /= 2) {
      if (remaining * powers[i]! <= u) continue
      remaining *= powers[i]!
      trial += failures
    }
    if (trial >= count) return
    yield trial
  }
}

/**
 * `count` different integers below `bound`, every set of them as likely (Floyd's algorithm: Bentley and Floyd 1987), or
 * all of them where there are fewer.
 *
 * @throws RangeError where `count` is no integer, or negative
 */
export function distinct(count: number, bound: number, rng: Rng): Set<number> {
  const chosen = new Set<number>()
  for (let last = bound - checkedCount(count, bound); last < bound; last++) {
    const candidate = rng.integer(last + 1)
    chosen.add(chosen.has(candidate) ? last : candidate)
  }
  return chosen
}

/**
 * How many of `bound` things a count takes: at most all.
 *
 * @throws RangeError where `count` is no integer, or negative
 */
export function checkedCount(count: number, bound: number): number {
  if (!(Number.isInteger(count) && count >= 0)) throw new RangeError('the intensity is a count: an integer, at least 0')
  return Math.min(count, bound)
}
