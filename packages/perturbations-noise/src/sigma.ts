/**
 * The standard deviation i · std of a noise that is scaled to what it is added to.
 *
 * @throws RangeError where the intensity i is negative or not finite
 */
export function sigmaOf(intensity: number, std: number): number {
  if (!(intensity >= 0 && intensity < Infinity))
    throw new RangeError('the intensity is a ratio of standard deviations: finite and at least 0')
  return intensity * std
}
