/** Σ |x|, in double precision. */
export function sumOfMagnitudes(values: Float32Array | Float64Array): number {
  let sum = 0
  for (const value of values) sum += Math.abs(value)
  return sum
}
