import { type TableName, tableNames, tables } from '../tables.ts'
import type { Column } from '../columns.ts'
import type { Finding, OpenTables } from './finding.ts'

/** No number is NaN or infinite: what is not known is null. */
export function* finiteNumbers(open: OpenTables): Generator<Finding> {
  for (const table of tableNames) {
    for (const [name, { type }] of Object.entries<Column>(tables[table].columns)) {
      if (type !== 'f32' && type !== 'f64') continue
      let row = 0
      for (const value of valuesOf(open, table, name)) {
        if (typeof value === 'number' && !Number.isFinite(value)) {
          yield { table, row, message: `${name} is ${value}, which is no finite number.` }
        }
        row++
      }
    }
  }
}

function valuesOf(open: OpenTables, table: TableName, name: string): Iterable<unknown> {
  if (table !== 'outcomes') return (open[table] ?? []).map((row: Record<string, unknown>) => row[name])
  return open.outcomes && name in open.outcomes ? Object.entries(open.outcomes).find(([key]) => key === name)![1] : []
}
