/** Places of the `count` smallest values, in order; among equal ones those that stand first. */
export function smallest(values: Float32Array | Float64Array, count: number): Uint32Array {
  const places = new Uint32Array(count)
  if (count === 0) return places
  // Typed arrays without a comparator are sorted natively, an order of magnitude faster than places by their values.
  const sorted = values.slice().sort()
  const limit = sorted[count - 1]!
  let equals = count - sorted.indexOf(limit)
  let next = 0
  values.forEach((value, place) => {
    if (value > limit || (value === limit && equals === 0)) return
    if (value === limit) equals--
    places[next++] = place
  })
  return places
}
