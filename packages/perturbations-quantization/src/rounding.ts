/** The multiple of `step` nearest to `value`, a half rounded away from zero; with no step (0), the value itself. */
export function roundToMultiple(value: number, step: number): number {
  return step === 0 ? value : roundHalfAway(value / step) * step
}

/** The nearest integer; a half is rounded away from zero. */
export function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5)
}
