import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'
import { ascending } from './order.ts'
import { pairOf } from './pairs.ts'

/** Every measured cell that was narrowed has an interval, no wider than was asked for unless it took all images, and no other has one. */
export function* intervals({ intervals: all, sensitivity, efforts }: OpenTables): Generator<Finding> {
  if (!all || !sensitivity || !efforts) return
  const narrowed = new Map(efforts.flatMap((effort) => (effort.interval === null ? [] : [[pairOf(effort), effort]])))
  for (const [row, interval] of all.entries()) {
    const cell = sensitivity[interval.cell_id]
    if (cell) yield* about('intervals', row, brokenInterval(interval, cell, narrowed.get(pairOf(cell))))
  }
  const having = new Set(all.map(({ cell_id: id }) => id))
  for (const [row, cell] of sensitivity.entries()) {
    if (cell.reason === null && narrowed.has(pairOf(cell)) && !having.has(row)) {
      yield { table: 'sensitivity', row, message: 'It was narrowed, but has no row in intervals.' }
    }
  }
  yield* ascending(
    'intervals',
    all.map((interval) => [interval.cell_id]),
    'cell',
  )
}

function* brokenInterval(
  { value, low, high }: Row<'intervals'>,
  cell: Row<'sensitivity'>,
  effort: Row<'efforts'> | undefined,
): Generator<string> {
  if (effort?.interval == null) {
    yield 'Its cell was not narrowed.'
    return
  }
  if (!(low <= value && value <= high)) yield `Its interval runs from ${low} to ${high}, and does not hold ${value}.`
  const half = (high - low) / 2
  if (half > effort.interval && cell.images < effort.images) {
    yield `It reaches ${half} to either side, more than ${effort.interval}, but not all images were used.`
  }
}
