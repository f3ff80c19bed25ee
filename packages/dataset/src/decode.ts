import { DatasetError } from '@loadbearing/core'
import { type Table, tableFromIPC } from 'apache-arrow'
import type { RowOf, TableDeclaration } from './columns.ts'
import { schemaOf } from './encode.ts'

const hint = 'Restore the file, or measure again into another folder.'

/**
 * Rows from the bytes of an Arrow IPC file.
 *
 * @param file what to call it in errors
 * @throws DatasetError when it is truncated, no Arrow file, or another table
 */
export function decodeRows<T extends TableDeclaration>(declaration: T, bytes: Uint8Array, file: string): RowOf<T>[] {
  const arrow = open(declaration, bytes, file)
  const names = Object.keys(declaration.columns)
  const columns = names.map((name) => arrow.getChild(name)!)
  return Array.from(
    { length: arrow.numRows },
    (_, row) => Object.fromEntries(names.map((name, i) => [name, columns[i]!.get(row) as unknown])) as RowOf<T>,
  )
}

/** A number column as a typed array, booleans as 0 and 1; for tables too long for rows. */
export type NumberColumns<T extends TableDeclaration> = {
  readonly [K in keyof T['columns']]: Uint8Array | Float32Array | Float64Array
}

/** Columns without nulls or text from the bytes of an Arrow IPC file. @throws DatasetError as `decodeRows` does */
export function decodeColumns<T extends TableDeclaration>(
  declaration: T,
  bytes: Uint8Array,
  file: string,
): NumberColumns<T> {
  const arrow = open(declaration, bytes, file)
  return Object.fromEntries(
    Object.entries(declaration.columns).map(([name, { type }]) => {
      const column = arrow.getChild(name)!
      if (type !== 'bool') return [name, column.toArray() as Float32Array]
      const values = new Uint8Array(arrow.numRows)
      let row = 0
      for (const { values: packed, length, offset } of column.data) {
        for (let i = offset; i < offset + length; i++) values[row++] = ((packed as Uint8Array)[i >> 3]! >> (i & 7)) & 1
      }
      return [name, values]
    }),
  ) as NumberColumns<T>
}

function open(declaration: TableDeclaration, bytes: Uint8Array, file: string): Table {
  const magic = (start: number): string => new TextDecoder('latin1').decode(bytes.subarray(start, start + 6))
  if (magic(0) !== 'ARROW1') throw new DatasetError(`${file} is not an Arrow file.`, { hint })
  // Readers differ on a file that is cut off; the closing magic says it at once.
  if (magic(bytes.length - 6) !== 'ARROW1') throw new DatasetError(`${file} is cut off.`, { hint })
  let arrow: Table
  try {
    arrow = tableFromIPC(bytes)
    // Columns are decoded lazily: touch the ends of each, so that damage shows here.
    for (const column of arrow.schema.fields) arrow.getChild(column.name)?.get(arrow.numRows - 1)
  } catch (cause) {
    throw new DatasetError(`${file} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint,
      cause,
    })
  }
  const describe = (table: { schema: Table['schema'] }): string =>
    table.schema.fields.map((field) => `${field.name}: ${String(field.type)}${field.nullable ? '?' : ''}`).join(', ')
  const [expected, found] = [describe({ schema: schemaOf(declaration) }), describe(arrow)]
  if (expected !== found) {
    throw new DatasetError(
      `${file} is not the table '${declaration.name}': its columns are ${found || 'none'}, not ${expected}.`,
      {
        hint: 'It may come from another version of Loadbearing. Measure again into another folder.',
      },
    )
  }
  return arrow
}
