import { type TableName, tableNames, tables } from '../tables.ts'
import type { Column } from '../columns.ts'
import type { Finding, OpenTables } from './finding.ts'

/** An id is the number of its row; one of another table's is that of a row there. */
export function* ids(open: OpenTables): Generator<Finding> {
  for (const table of tableNames) {
    const rows: readonly Record<string, unknown>[] = table === 'outcomes' ? [] : (open[table] ?? [])
    for (const [name, { refersTo }] of Object.entries<Column>(tables[table].columns)) {
      if (refersTo === undefined) continue
      const referred = refersTo === 'outcomes' ? undefined : open[refersTo as Exclude<TableName, 'outcomes'>]
      for (const [row, values] of rows.entries()) {
        const id = values[name]
        if (typeof id !== 'number') continue
        if (refersTo === table) {
          if (id !== row) yield { table, row, message: `${name} is ${id}, which is not its row.` }
        } else if (referred && id >= referred.length) {
          yield { table, row, message: `${name} is ${id}, but ${refersTo} has ${referred.length} rows.` }
        }
      }
    }
  }
}
