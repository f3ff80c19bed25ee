/**
 * round(f · n): how many of n things a fraction f is. It may be 0 where they are few.
 *
 * @throws RangeError where f is no number from 0 to 1
 */
export function shareOf(fraction: number, count: number): number {
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError('the intensity is a fraction from 0 to 1')
  return Math.round(fraction * count)
}
