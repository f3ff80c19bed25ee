import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import pc from 'picocolors'

/** A column of a printed table. */
export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Left out, the last first, where the terminal is too narrow for the table. */
  readonly spare?: boolean
}

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
  let lines = draw(columns, rows)
  while (lines.some((line) => stripVTControlCharacters(line).length > width)) {
    const spare = shown.findLastIndex((index) => columns[index]!.spare)
    if (spare < 0) break
    leftOut.unshift(columns[shown.splice(spare, 1)[0]!]!.title)
    const of = <T>(cells: readonly T[]): T[] => shown.map((index) => cells[index]!)
    lines = draw(of(columns), rows.map(of))
  }
  if (leftOut.length > 0) lines.push('', pc.dim(`  A wider terminal also shows: ${leftOut.join(', ')}.`))
  return lines.join('\n')
}

function draw(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string[] {
  const printed = new Table({
    head: columns.map(({ title }) => pc.dim(title)),
    colAligns: columns.map(({ align = 'left' }) => align),
    chars: none,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  printed.push(...rows.map((row) => [...row]))
  return printed
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
}
