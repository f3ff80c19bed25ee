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
        // A cell has an outcome an image; counting them spares reading the one long table.
        rows:
          table === 'outcomes'
            ? rows.sensitivity.reduce((sum, { outcome_offset: at, images }) => sum + (at === null ? 0 : images), 0)
            : rows[table].length,
        columns: Object.entries(columns).map(([name, column]: [string, Column]) => ({ name, ...column })),
      },
    ]
  })
}
