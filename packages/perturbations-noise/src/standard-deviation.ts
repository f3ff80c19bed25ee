/** The population standard deviation of the values. */
export function standardDeviation(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  // A product, since the last bit of a power is the engine's to choose.
  for (const value of values) squares += (value - mean) * (value - mean)
  return Math.sqrt(squares / values.length)
}
