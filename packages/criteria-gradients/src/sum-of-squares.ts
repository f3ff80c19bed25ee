/** Σ x², in double precision. */
export const sumOfSquares = (values: Float32Array | Float64Array): number => {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}
