/** Upper ends of the classes, in accuracy points: half a point is no drop, and 2 to 50 points are what keeps a level live. */
const ends = [0.5, 2, 5, 10, 20, 35, 50]

/** The classes of a drop in accuracy, for a legend. */
export const heatClasses: readonly string[] = [...ends, Infinity].map((end, step) =>
  step === 0 ? `≤ ${end}` : end === Infinity ? `> ${ends.at(-1)!}` : `${ends[step - 1]!}–${end}`,
)

/** The class of a drop in accuracy, a fraction: 0 to 7. */
export function heatStep(drop: number): number {
  const step = ends.findIndex((end) => 100 * drop <= end)
  return step < 0 ? ends.length : step
}
