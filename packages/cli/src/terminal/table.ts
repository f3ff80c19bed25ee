import Table from 'cli-table3'
import pc from 'picocolors'

/** A column of a printed table. */
export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
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

/** A table without rules, numbers to the right, ready to print. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
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
    .join('\n')
}
