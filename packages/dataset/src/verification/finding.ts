import type { NumberColumns } from '../decode.ts'
import type { Row, TableName, Tables } from '../tables.ts'

/** Something that should not be. */
export interface Finding {
  /** The table, or the file where it is about that as a whole. */
  readonly table: string
  /** Null where it is not about one row. */
  readonly row: number | null
  /** What is wrong, as a sentence. */
  readonly message: string
}

/** The tables of a folder that could be opened. */
export type OpenTables = { readonly [N in Exclude<TableName, 'outcomes'>]?: readonly Row<N>[] } & {
  readonly outcomes?: NumberColumns<Tables['outcomes']>
}

/** Looks at one kind of rule. Says nothing where a table that it needs could not be opened. */
export type Check = (tables: OpenTables) => Iterable<Finding>

/** A finding for every sentence about a row. */
export function* about(table: TableName, row: number | null, messages: Iterable<string>): Generator<Finding> {
  for (const message of messages) yield { table, row, message }
}
