/** Σ_u w_u² / Σ_{v ≥ u} w_v², the weights in ascending order of magnitude; zeros add nothing. */
export function sumOfLamp(weights: Float32Array): number {
  const squares = Float64Array.from(weights, (w) => w * w).sort()
  let atLeast = 0
  let total = 0
  for (const square of squares.reverse()) {
    atLeast += square
    if (atLeast !== 0) total += square / atLeast
  }
  return total
}
