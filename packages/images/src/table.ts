/** A Parquet or Arrow file, read a column at a time. */
export interface Table {
  readonly path: string
  readonly columns: readonly Column[]
  /** The `huggingface` entry of the file's metadata, JSON; undefined where it has none. */
  readonly hub: string | undefined
  /** All values of a column, in the order of the rows. @throws InputError when the file is damaged */
  readonly values: (column: string) => Promise<unknown[]>
  /**
   * A column's values in some rows, in an order that suits the file; few are in memory at once.
   *
   * @throws InputError when the file is damaged
   */
  readonly read: (column: string, rows: readonly number[]) => AsyncIterable<Cell>
}

export interface Column {
  readonly name: string
  /** Whether a row holds a list of numbers, or a list of such lists. */
  readonly isList: boolean
}

export interface Cell {
  /** Where in the list of rows that were asked for. */
  readonly position: number
  readonly row: number
  readonly value: unknown
}
