import type { Row } from '../tables.ts'
import { about, type Finding, type OpenTables } from './finding.ts'

/** A float32 keeps a fraction to 2⁻²⁵, so a mean of them is off by no more; the rest is for the order of the sum. */
const tolerance = 2 ** -24

type Outcomes = NonNullable<OpenTables['outcomes']>
type MeasuredCell = Row<'sensitivity'> & { outcome_offset: number }

/** The outcomes are those of the measured cells, one cell after the other, and add up to what the cells say. */
export function* cellOutcomes({ sensitivity, outcomes }: OpenTables): Generator<Finding> {
  if (!sensitivity || !outcomes) return
  const rows = outcomes.correct.length
  let next = 0
  for (const [row, cell] of sensitivity.entries()) {
    if (!isMeasured(cell)) continue
    const [start, end] = [cell.outcome_offset, cell.outcome_offset + cell.images]
    yield* about('sensitivity', row, brokenRange(start, end, next, rows))
    if (end <= rows) yield* about('sensitivity', row, brokenSums(cell, outcomes, start, end))
    next = Math.max(next, end)
  }
  if (next < rows) yield { table: 'outcomes', row: next, message: `The last ${rows - next} rows belong to no cell.` }
}

/** A bounded divergence is a fraction. */
export function* fractions({ outcomes }: OpenTables): Generator<Finding> {
  for (const [row, value] of outcomes?.bounded_kl.entries() ?? []) {
    if (value >= 0 && value <= 1) continue
    yield { table: 'outcomes', row, message: `bounded_kl is ${value}, which is no fraction from 0 to 1.` }
  }
}

function isMeasured(cell: Row<'sensitivity'>): cell is MeasuredCell {
  return cell.outcome_offset !== null
}

function* brokenRange(start: number, end: number, next: number, rows: number): Generator<string> {
  if (end > rows) yield `Its outcomes end at row ${end}, but outcomes has ${rows} rows.`
  if (start < next) yield `Its outcomes start at row ${start}, inside those of a cell before it, which end at ${next}.`
  if (start > next) yield `Its outcomes start at row ${start}, and the ${start - next} rows before belong to no cell.`
}

function* brokenSums(cell: MeasuredCell, outcomes: Outcomes, start: number, end: number): Generator<string> {
  for (const name of ['correct', 'clean_correct'] as const) {
    const found = sum(outcomes[name].subarray(start, end))
    if (cell[name] !== null && cell[name] !== found)
      yield `${name} is ${cell[name]}, but its outcomes add up to ${found}.`
  }
  const mean = sum(outcomes.bounded_kl.subarray(start, end)) / cell.images
  if (cell.bounded_kl !== null && Math.abs(cell.bounded_kl - mean) > tolerance) {
    yield `bounded_kl is ${cell.bounded_kl}, but the mean of its outcomes is ${mean}.`
  }
}

function sum(values: Uint8Array | Float32Array): number {
  let total = 0
  for (const value of values) total += value
  return total
}
