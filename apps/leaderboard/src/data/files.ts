import { type Column, type TableName, tableNames, tables } from '@loadbearing/dataset'
import type { StoredTables } from './tables.ts'

/** A file of the dataset and the table that it holds. */
export interface DatasetFile {
  /** Name of the file. */
  readonly name: string
  readonly table: TableName
  readonly description: string
  readonly bytes: number
  /** SHA-256 in hex. */
  readonly sha256: string
  readonly rows: number
  readonly columns: readonly (Column & { readonly name: string })[]
}

/** In the order in which the tables build on each other. */
export function filesOf({ files, rows }: StoredTables): DatasetFile[] {
  return tableNames.flatMap((table) => {
    const file = files.find(({ name }) => name === `${table}.arrow`)
    if (!file) return []
    const { description, columns } = tables[table]
    return [
      {
        ...file,
        table,
        description,
        rows: rowsOf(table, rows),
        columns: Object.entries(columns).map(([name, column]: [string, Column]) => ({ name, ...column })),
      },
    ]
  })
}

/** Of the tables that are not shown, what is shown tells their number. */
function rowsOf(table: TableName, rows: StoredTables['rows']): number {
  const measured = rows.sensitivity.filter(({ outcome_offset: at }) => at !== null)
  if (table === 'outcomes') return measured.reduce((sum, { images }) => sum + images, 0)
  if (table !== 'intervals') return rows[table].length
  const narrowed = new Set(rows.efforts.flatMap((effort) => (effort.interval === null ? [] : [pairOf(effort)])))
  return measured.filter((cell) => narrowed.has(pairOf(cell))).length
}

function pairOf(row: { readonly model_id: number; readonly perturbation_id: number }): string {
  return `${row.model_id}/${row.perturbation_id}`
}
