/**
 * The δ for which the levels −(L − 1)δ, −(L − 3)δ, …, (L − 1)δ are nearest to the values: it minimises Σ (|w| − δq)²,
 * where q is the multiple that |w| is rounded to. Exact, in O(n log n + n · L log L) at most; 0 where all values are.
 *
 * With all q fixed, the best δ is Σ|w|q / Σq², and it explains (Σ|w|q)² / Σq² of Σw². As δ falls from infinity, the q
 * change one at a time, each where |w| = tδ is half-way between two levels, t = L − 2, L − 4, …: all assignments that
 * can be best are visited in turn.
 */
export function leastSquaresHalfStep(values: Float32Array, levels: number): number {
  // Typed arrays without a comparator are sorted natively.
  const magnitudes = values.map(Math.abs).sort().reverse()
  const total = magnitudes.reduce((sum, w) => sum + w * w, 0)
  const top = levels - 1
  const lowest = top % 2
  /** Half-way points t; the one that is reached next is first, in a heap by `crossings`. */
  const heap = Array.from({ length: (top - lowest) / 2 }, (_, i): HalfWay => ({ t: lowest + 1 + 2 * i, above: 0 }))
  const crossings = Float64Array.from(heap, ({ t }) => (magnitudes[0] ?? 0) / t)
  let products = lowest * magnitudes.reduce((sum, w) => sum + w, 0)
  let squares = lowest * magnitudes.length
  let halfStep = squares > 0 ? products / squares : 0
  let explained = products * halfStep
  let [clipped, clippedSum, clippedSquares] = [0, 0, 0]
  while (crossings.length > 0 && crossings[0]! > 0) {
    const highest = top * crossings[0]!
    for (let w = magnitudes[clipped] ?? 0; w > highest; w = magnitudes[++clipped] ?? 0) {
      clippedSum += w
      clippedSquares += w * w
    }
    // What lies beyond the last level errs by at least this, and by more for every smaller δ.
    if (clippedSquares - 2 * highest * clippedSum + clipped * highest * highest > total - explained) break
    const next = heap[0]!
    products += 2 * magnitudes[next.above]!
    squares += 4 * next.t
    next.above++
    sink(heap, crossings, (magnitudes[next.above] ?? 0) / next.t)
    if (products * products > explained * squares) {
      halfStep = products / squares
      explained = products * halfStep
    }
  }
  return halfStep
}

interface HalfWay {
  /** Between the levels (t − 1)δ and (t + 1)δ. */
  readonly t: number
  /** How many magnitudes are larger than tδ. */
  above: number
}

/** Restores the order of a heap, largest key first, once its first item has a smaller key. */
function sink(heap: HalfWay[], keys: Float64Array, key: number): void {
  const item = heap[0]!
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child + 1 < heap.length && keys[child + 1]! > keys[child]!) child++
    if (child >= heap.length || keys[child]! <= key) break
    heap[at] = heap[child]!
    keys[at] = keys[child]!
    at = child
  }
  heap[at] = item
  keys[at] = key
}
