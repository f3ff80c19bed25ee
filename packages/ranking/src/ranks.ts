/**
 * Tie groups of a vector: `group[i]` is the position of `values[i]` among the distinct values, smallest 0, and `groups` how many
 * there are. −0 and 0 are the same value.
 *
 * @param values finite numbers
 */
export function tieGroups(values: readonly number[]): { readonly group: Int32Array; readonly groups: number } {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const group = new Int32Array(values.length)
  let groups = 0
  order.forEach((index, position) => {
    if (position > 0 && values[index] !== values[order[position - 1]!]) groups++
    group[index] = groups
  })
  return { group, groups: values.length === 0 ? 0 : groups + 1 }
}

/** Ranks from 1, smallest first; tied values share the mean of the ranks they span. */
export function averageRanks(values: readonly number[]): number[] {
  const { group, groups } = tieGroups(values)
  const ranks = groupRanks(group, groups, new Float64Array(values.length).fill(1))
  return Array.from(group, (g) => ranks[g]!)
}

/**
 * The average rank of every tie group, where value i occurs `counts[i]` times (a whole number, 0 allowed): a resample with
 * replacement is ranked without sorting it.
 */
export function groupRanks(group: Int32Array, groups: number, counts: Float64Array): Float64Array {
  const ranks = new Float64Array(groups)
  for (let i = 0; i < group.length; i++) ranks[group[i]!]! += counts[i]!
  let below = 0
  for (let g = 0; g < groups; g++) {
    const tied = ranks[g]!
    ranks[g] = below + (tied + 1) / 2
    below += tied
  }
  return ranks
}

/** Whether all values are equal; true for none or one. */
export function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}
