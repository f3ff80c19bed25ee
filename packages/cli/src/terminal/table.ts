import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import pc from 'picocolors'

/** A column of a printed table. */
export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Left out, the last first, where the terminal is too narrow for the table. */
  readonly spare?: boolean
  /** Broken into lines where the terminal is too narrow, before a column is left out. One column at most. */
  readonly wraps?: boolean
}

/** A wrapping column narrower than this is harder to read than one that is left out. */
const leastWrapped = 24

const none = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table without rules, numbers to the right, ready to print; on a terminal it is no wider than that, and says what it left out. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width = process.stdout.columns || Infinity,
): string {
  const shown = columns.map((_, index) => index)
  const leftOut: string[] = []
  let lines = fitted(columns, rows, width)
  while (widthOf(lines) > width) {
    const spare = shown.findLastIndex((index) => columns[index]!.spare)
    if (spare < 0) break
    leftOut.unshift(columns[shown.splice(spare, 1)[0]!]!.title)
    const of = <T>(cells: readonly T[]): T[] => shown.map((index) => cells[index]!)
    lines = fitted(of(columns), rows.map(of), width)
  }
  if (leftOut.length > 0) lines.push('', pc.dim(`  A wider terminal also shows: ${leftOut.join(', ')}.`))
  return lines.join('\n')
}

/** The table, its wrapping column broken where that makes it fit. */
function fitted(columns: readonly TableColumn[], rows: readonly (readonly string[])[], width: number): string[] {
  const lines = draw(columns, rows)
  const wrapping = columns.findIndex(({ wraps }) => wraps)
  const tooMuch = widthOf(lines) - width
  if (wrapping < 0 || tooMuch <= 0) return lines
  const cells = [columns[wrapping]!.title, ...rows.map((row) => row[wrapping]!)]
  const left = widthOf(cells) - tooMuch
  return left < leastWrapped ? lines : draw(columns, rows, { [wrapping]: left })
}

function widthOf(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => stripVTControlCharacters(line).length))
}

function draw(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  widths: Readonly<Record<number, number>> = {},
): string[] {
  const printed = new Table({
    head: columns.map(({ title }) => pc.dim(title)),
    colAligns: columns.map(({ align = 'left' }) => align),
    colWidths: columns.map((_, index) => widths[index] ?? null),
    wordWrap: true,
    chars: none,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  printed.push(...rows.map((row) => [...row]))
  return printed
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
}
