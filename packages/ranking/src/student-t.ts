const normal = 1.959963984540054

/**
 * The 97.5 % quantile of Student's t for `freedom` ≥ 1 degrees of freedom, whole or not: Hill 1970, "Algorithm 396: Student's
 * t-quantiles", Comm. ACM 13. Within .05 % of the true value from 2 degrees on, and at 1; up to 18 % too wide between.
 */
export function criticalT(freedom: number): number {
  if (freedom <= 1) return 12.706204736174694
  const n = freedom
  const a = 1 / (n - 0.5)
  const b = 48 / (a * a)
  let c = (((20700 * a) / b - 98) * a - 16) * a + 96.36
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n
  let y = (d * 0.05) ** (2 / n)
  if (y > 0.05 + a) {
    const x = -normal
    y = x * x
    if (n < 5) c += 0.3 * (n - 4.5) * (x + 0.6)
    c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    y = Math.expm1(a * y * y)
  } else {
    y =
      ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * ((n + 1) / (n + 2)) +
      1 / y
  }
  return Math.sqrt(n * y)
}
