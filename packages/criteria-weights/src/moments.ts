/** Mean and standard deviation, of all values and not of a sample: the deviation of equal values is 0, no rounding. */
export function momentsOf(values: Float32Array): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
