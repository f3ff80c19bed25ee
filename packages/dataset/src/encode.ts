import { InputError } from '@loadbearing/core'
import {
  Bool,
  type Data,
  Field,
  Float32,
  Float64,
  makeData,
  Message,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import type { Column, ColumnsOf, ColumnType, RowOf, TableDeclaration } from './columns.ts'

/** Version of the tables' layout, in every file's metadata. */
export const formatVersion = '1-draft'

// Batches of a fixed size: the bytes must depend on the rows alone.
const batchRows = 65_536

const arrowTypes = {
  u8: () => new Uint8(),
  u16: () => new Uint16(),
  u32: () => new Uint32(),
  f32: () => new Float32(),
  f64: () => new Float64(),
  bool: () => new Bool(),
  utf8: () => new Utf8(),
}

const limits: Readonly<Partial<Record<ColumnType, number>>> = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, bool: 1 }

/** The Arrow schema of a table, with units and descriptions in the metadata. */
export function schemaOf(declaration: TableDeclaration): Schema {
  return new Schema(
    Object.entries(declaration.columns).map(([name, { type, nullable, unit, description }]) =>
      Field.new({
        name,
        type: arrowTypes[type](),
        nullable,
        metadata: new Map([['description', description], ...(unit === null ? [] : [['unit', unit] as const])]),
      }),
    ),
    new Map([
      ['table', declaration.name],
      ['description', declaration.description],
      ['format', `loadbearing/${formatVersion}`],
    ]),
  )
}

/**
 * Rows as the bytes of an Arrow IPC file. The same rows give the same bytes.
 *
 * @throws InputError naming table, column and row of a value that does not fit its column
 */
export function encodeRows<T extends TableDeclaration>(declaration: T, rows: readonly RowOf<T>[]): Uint8Array {
  const columns = Object.fromEntries(
    Object.entries(declaration.columns).map(([name, { type }]) => {
      const values = rows.map((row) => (row as Record<string, unknown>)[name])
      return [name, type === 'bool' ? values.map((value) => bitOf.get(value) ?? value) : values]
    }),
  )
  return encode(declaration, columns)
}

const bitOf = new Map<unknown, number>([
  [false, 0],
  [true, 1],
])

/** Columns as the bytes of an Arrow IPC file; for tables too long for rows. @throws InputError as `encodeRows` does */
export function encodeColumns<T extends TableDeclaration>(declaration: T, columns: ColumnsOf<T>): Uint8Array {
  return encode(declaration, columns)
}

function encode(declaration: TableDeclaration, columns: Readonly<Record<string, ArrayLike<unknown>>>): Uint8Array {
  const schema = schemaOf(declaration)
  const values = Object.entries(declaration.columns).map(([name, column]) => {
    const given = columns[name]
    if (!given) throw new InputError(`${declaration.name}: the column '${name}' is missing.`)
    check(declaration.name, name, column, given)
    return { column, given }
  })
  const length = values[0]?.given.length ?? 0
  if (values.some(({ given }) => given.length !== length)) {
    throw new InputError(`${declaration.name}: its columns differ in length.`)
  }
  const batches: RecordBatch[] = []
  for (let start = 0; start === 0 || start < length; start += batchRows) {
    const end = Math.min(length, start + batchRows)
    const children = values.map(({ column, given }) => encodeColumn(column, given, start, end))
    batches.push(
      new RecordBatch(
        schema,
        makeData({ type: new Struct(schema.fields), length: end - start, nullCount: 0, children }),
      ),
    )
  }
  const writer = new FileWriter()
  for (const batch of batches) writer.write(batch)
  writer.finish()
  return writer.toUint8Array(true)
}

/** Arrow's writer leaves out the schema in front of the batches, which the format wants there: some readers read the file as a stream. */
class FileWriter extends RecordBatchFileWriter {
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema)
    return this._writeMessage(Message.from(schema))
  }
}

function check(tableName: string, name: string, column: Column, values: ArrayLike<unknown>): void {
  for (let row = 0; row < values.length; row++) {
    if (fits(column, values[row])) continue
    throw new InputError(
      `${tableName}: ${String(values[row])} does not fit the column '${name}' (${column.type}) in row ${row}.`,
    )
  }
}

function fits({ type, nullable }: Column, value: unknown): boolean {
  if (value === null) return nullable
  // Half a surrogate pair has no UTF-8.
  if (type === 'utf8') return typeof value === 'string' && !/\p{Surrogate}/u.test(value)
  if (typeof value !== 'number') return false
  const limit = limits[type]
  if (limit !== undefined) return Number.isInteger(value) && value >= 0 && value <= limit
  return Number.isFinite(type === 'f32' ? Math.fround(value) : value)
}

function encodeColumn({ type }: Column, values: ArrayLike<unknown>, start: number, end: number): Data {
  const length = end - start
  if (type === 'utf8') {
    const texts = Array.prototype.slice.call(values, start, end) as (string | null)[]
    return vectorFromArray(texts, new Utf8()).data[0]!
  }
  // In loops: the longest columns have a row for every image of every cell.
  const numbers = new Float64Array(length)
  let nullCount = 0
  for (let row = 0; row < length; row++) {
    const value = values[start + row]
    if (typeof value === 'number') numbers[row] = value
    else nullCount++
  }
  const nullBitmap = nullCount > 0 ? bits(length, (row) => values[start + row] !== null) : null
  switch (type) {
    case 'bool':
      return makeData({
        type: new Bool(),
        length,
        nullCount,
        nullBitmap,
        data: bits(length, (row) => numbers[row] === 1),
      })
    case 'u8':
      return makeData({ type: new Uint8(), length, nullCount, nullBitmap, data: new Uint8Array(numbers) })
    case 'u16':
      return makeData({ type: new Uint16(), length, nullCount, nullBitmap, data: new Uint16Array(numbers) })
    case 'u32':
      return makeData({ type: new Uint32(), length, nullCount, nullBitmap, data: new Uint32Array(numbers) })
    case 'f32':
      return makeData({ type: new Float32(), length, nullCount, nullBitmap, data: new Float32Array(numbers) })
    case 'f64':
      return makeData({ type: new Float64(), length, nullCount, nullBitmap, data: numbers })
  }
}

/** Bits, least significant first, as Arrow packs them. */
function bits(length: number, isSet: (row: number) => boolean): Uint8Array {
  const packed = new Uint8Array(Math.ceil(length / 8))
  for (let row = 0; row < length; row++) {
    if (isSet(row)) packed[row >> 3]! |= 1 << (row & 7)
  }
  return packed
}
