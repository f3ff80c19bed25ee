/**
 * The h of L = 2h + 1 levels −h … h: how many lie on either side of zero.
 *
 * @throws RangeError where L is no odd integer, or below 3
 */
export function levelsOnASide(levels: number): number {
  if (!(Number.isInteger(levels) && levels >= 3 && levels % 2 === 1)) {
    throw new RangeError('the intensity is an odd number of levels, at least 3')
  }
  return (levels - 1) / 2
}

/** The largest magnitude among the values; 0 where there are none. */
export function largestMagnitude(values: Float32Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}
