/** The middles of so many equal parts of the way from 0 to 1: where the midpoint rule takes an integrand. */
export function midpoints(steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => (step + 0.5) / steps)
}
