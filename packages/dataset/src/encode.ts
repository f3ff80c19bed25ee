import { InputError } from '@loadbearing/core'
import {
  AsyncByteQueue,
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

/**
 * Columns that come in parts, as the bytes of an Arrow IPC file, a batch at a time: what is in memory is one part and one batch. The same
 * rows give the same bytes, into whatever parts they are split.
 *
 * @throws InputError as `encodeRows` does, and whatever the parts throw
 */
export async function* encodeParts<T extends TableDeclaration>(
  declaration: T,
  parts: AsyncIterable<ColumnsOf<T>>,
): AsyncGenerator<Uint8Array> {
  const file = begin(declaration)
  for await (const part of parts) yield* file.add(part)
  yield* file.finish()
}

function encode(declaration: TableDeclaration, columns: Columns): Uint8Array {
  const file = begin(declaration)
  return joined([...file.add(columns), ...file.finish()])
}

type Columns = Readonly<Record<string, ArrayLike<unknown>>>

/** A file in the making. Both give what is to be written next. */
interface BegunFile {
  readonly add: (part: Columns) => Uint8Array[]
  readonly finish: () => Uint8Array[]
}

function begin(declaration: TableDeclaration): BegunFile {
  const schema = schemaOf(declaration)
  const columns = Object.values<Column>(declaration.columns)
  const writer = new FileWriter()
  let rows = 0
  /** Rows of the parts before that do not fill a batch yet, by column. */
  let rest: unknown[][] = columns.map(() => [])
  let kept = 0

  const write = (values: readonly ArrayLike<unknown>[], start: number, end: number): Uint8Array => {
    const children = columns.map((column, i) => encodeColumn(column, values[i]!, start, end))
    const type = new Struct(schema.fields)
    writer.write(new RecordBatch(schema, makeData({ type, length: end - start, nullCount: 0, children })))
    return writer.taken()
  }
  return {
    add(part) {
      const values = checked(declaration, part, rows)
      const length = values[0]?.length ?? 0
      const written: Uint8Array[] = []
      for (let start = 0, end; start < length; start = end) {
        end = Math.min(length, start + batchRows - kept)
        if (end - start === batchRows) {
          written.push(write(values, start, end))
          continue
        }
        for (const [i, column] of rest.entries()) {
          for (let row = start; row < end; row++) column.push(values[i]![row])
        }
        kept += end - start
        if (kept < batchRows) continue
        written.push(write(rest, 0, kept))
        rest = columns.map(() => [])
        kept = 0
      }
      rows += length
      return written
    },
    finish() {
      // A table without rows has an empty batch: not every reader takes a file without any.
      const last = kept > 0 || rows === 0 ? [write(rest, 0, kept)] : []
      writer.finish()
      return [...last, writer.taken()]
    },
  }
}

/** Arrow's writer leaves out the schema in front of the batches, which the format wants there: some readers read the file as a stream. */
class FileWriter extends RecordBatchFileWriter {
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema)
    return this._writeMessage(Message.from(schema))
  }

  /** The bytes written since it was last asked. */
  taken(): Uint8Array {
    const bytes = this.toUint8Array(true)
    this._sink = new AsyncByteQueue()
    return bytes
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** The values of a part, in the order of the declaration. @param before rows of the parts before it */
function checked({ name: table, columns }: TableDeclaration, part: Columns, before: number): ArrayLike<unknown>[] {
  const values = Object.entries(columns).map(([name, column]) => {
    const given = part[name]
    if (!given) throw new InputError(`${table}: the column '${name}' is missing.`)
    check(table, name, column, given, before)
    return given
  })
  if (values.some(({ length }) => length !== values[0]!.length)) {
    throw new InputError(`${table}: its columns differ in length.`)
  }
  return values
}

function check(tableName: string, name: string, column: Column, values: ArrayLike<unknown>, before: number): void {
  for (let row = 0; row < values.length; row++) {
    if (fits(column, values[row])) continue
    throw new InputError(
      `${tableName}: ${String(values[row])} does not fit the column '${name}' (${column.type}) in row ${before + row}.`,
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
