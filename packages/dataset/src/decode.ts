import { DatasetError } from '@loadbearing/core'
import { RecordBatchReader, type Schema, type Table, tableFromIPC, type Vector } from 'apache-arrow'
import { checkBatches, readFooter } from './arrow-structure.ts'
import type { Column, RowOf, TableDeclaration } from './columns.ts'
import { schemaOf } from './encode.ts'

const hint = 'Restore the file, or measure again into another folder.'

/**
 * Rows from the bytes of an Arrow IPC file. An Arrow file carries no checksum: whether its values are those that were written, only its SHA-256
 * can tell.
 *
 * @param file what to call it in errors
 * @throws DatasetError when it is truncated, no Arrow file, or another table
 */
export function decodeRows<T extends TableDeclaration>(declaration: T, bytes: Uint8Array, file: string): RowOf<T>[] {
  const arrow = open(declaration, bytes, file)
  const columns = Object.entries(declaration.columns).map(([name, { type }]): [string, (row: number) => unknown] => {
    const column = arrow.getChild(name)!
    const text = type === 'utf8' ? textsOf(column) : undefined
    return [name, text ? (row) => text[row] : (row) => column.get(row) as unknown]
  })
  return Array.from(
    { length: arrow.numRows },
    (_, row) => Object.fromEntries(columns.map(([name, at]) => [name, at(row)])) as RowOf<T>,
  )
}

// Arrow's own decoder takes a U+FEFF at the start of a text for a byte order mark, and drops it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function textsOf(column: Vector): (string | null)[] {
  return column.data.flatMap((chunk) => {
    const [offsets, bytes] = [chunk.valueOffsets as Int32Array, chunk.values as Uint8Array]
    return Array.from({ length: chunk.length }, (_, row) =>
      chunk.getValid(row) ? decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])) : null,
    )
  })
}

/** How the values of a number column lie in memory; booleans as 0 and 1. */
interface ArrayOf {
  readonly u8: Uint8Array
  readonly u16: Uint16Array
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly f64: Float64Array
  readonly bool: Uint8Array
  readonly utf8: never
}

/** Number columns as typed arrays, booleans as 0 and 1; for tables too long for rows. */
export type NumberColumns<T extends TableDeclaration> = {
  readonly [K in keyof T['columns']]: ArrayOf[T['columns'][K]['type']]
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
      return [name, type === 'bool' ? unpacked(column) : (column.toArray() as unknown)]
    }),
  ) as NumberColumns<T>
}

function unpacked(column: Vector): Uint8Array {
  const all = new Uint8Array(column.length)
  let row = 0
  for (const { values, length, offset } of column.data) {
    const packed = values as Uint8Array
    for (let i = offset; i < offset + length; i++) all[row++] = (packed[i >> 3]! >> (i & 7)) & 1
  }
  return all
}

/** @throws DatasetError where a file does not begin and end as Arrow files do */
export function checkMarks(bytes: Uint8Array, file: string): void {
  const mark = (start: number): string => new TextDecoder('latin1').decode(bytes.subarray(start, start + 6))
  if (mark(0) !== 'ARROW1') throw new DatasetError(`${file} is not an Arrow file.`, { hint })
  if (bytes.length < 12 || mark(bytes.length - 6) !== 'ARROW1') {
    throw new DatasetError(`${file} is cut off.`, { hint })
  }
}

function open(declaration: TableDeclaration, bytes: Uint8Array, file: string): Table {
  checkMarks(bytes, file)
  const { hasDictionaries, batches } = sound(file, () => readFooter(bytes))
  const expected = describe(schemaOf(declaration))
  const found = hasDictionaries ? 'some of type Dictionary' : sound(file, () => describe(schemaIn(bytes)))
  if (expected !== found) {
    throw new DatasetError(
      `${file} is not the table '${declaration.name}': its columns are ${found || 'none'}, not ${expected}.`,
      { hint: 'It may come from another version of Loadbearing. Measure again into another folder.' },
    )
  }
  sound(file, () => checkBatches(bytes, batches, Object.values<Column>(declaration.columns)))
  const arrow = sound(file, () => tableFromIPC(bytes))
  for (const { name, nullable } of arrow.schema.fields) {
    if (nullable || arrow.getChild(name)!.nullCount === 0) continue
    throw new DatasetError(`${file} holds nulls in the column '${name}', which must have none.`, { hint })
  }
  return arrow
}

/** What reading gives. @throws DatasetError with the words of anything that it throws */
function sound<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const words = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    throw new DatasetError(`${file} cannot be opened: ${words}.`, { hint, cause })
  }
}

function schemaIn(bytes: Uint8Array): Schema {
  return RecordBatchReader.from(bytes).open().schema
}

function describe({ fields }: Schema): string {
  return fields.map(({ name, type, nullable }) => `${name}: ${String(type)}${nullable ? '?' : ''}`).join(', ')
}
