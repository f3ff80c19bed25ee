import type { Column } from './columns.ts'
import { FlatTable } from './flat-table.ts'

/** What an Arrow IPC file says of itself at its end. */
export interface ArrowFooter {
  /** Whether it holds dictionaries. */
  readonly hasDictionaries: boolean
  /** Where each record batch begins. */
  readonly batches: readonly number[]
}

/** Bytes at the end that are no footer: its length, and the mark. */
const trailerBytes = 10

/** More parts of a schema than any table has; a few bytes of a damaged one can name each other without end. */
const mostParts = 10_000

/**
 * The footer of an Arrow IPC file that begins and ends with its marks.
 *
 * @throws RangeError where it or its schema leads out of the file
 */
export function readFooter(bytes: Uint8Array): ArrowFooter {
  const end = bytes.length - trailerBytes
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(end, true)
  if (length <= 0 || length > end - 8) throw new RangeError('its footer is longer than the file')
  const footer = FlatTable.root(bytes.subarray(end - length, end))
  const schema = footer.table(1)
  if (!schema) throw new RangeError('its footer has no schema')
  checkSchema(schema)
  checkMetadata(footer, 4)
  return {
    hasDictionaries: footer.structs(2, 3).length > 0,
    batches: footer.structs(3, 3).map(([offset]) => Number(offset)),
  }
}

function checkSchema(schema: FlatTable): void {
  if (schema.number(0, 2) !== 0) throw new RangeError('its numbers are big-endian')
  checkMetadata(schema, 2)
  schema.structs(3, 1)
  const pending = schema.tables(1)
  let parts = pending.length
  for (let field = pending.pop(); field; field = pending.pop()) {
    const children = field.tables(5)
    parts += children.length
    if (parts > mostParts) throw new RangeError('its schema has no end')
    pending.push(...children)
    field.checkText(0)
    field.table(3)?.number(0, 1)
    field.table(4)?.table(1)?.number(0, 1)
    checkMetadata(field, 6)
  }
}

function checkMetadata(table: FlatTable, field: number): void {
  for (const entry of table.tables(field)) {
    entry.checkText(0)
    entry.checkText(1)
  }
}

const recordBatch = 3

/** The oldest version of Arrow's metadata whose batches are laid out as today's: V4, of 2017. */
const oldestVersion = 3

/** Bits of a value of each type; of text, of the offset where it begins. */
const bits = { u8: 8, u16: 16, u32: 32, f32: 32, f64: 64, bool: 1, utf8: 32 } as const

/**
 * Looks whether all record batches lie within the file, one behind the other, and every value of theirs within its batch.
 *
 * @param columns in the order of the file, which the file's schema agrees with
 * @throws RangeError where one does not
 */
export function checkBatches(bytes: Uint8Array, batches: readonly number[], columns: readonly Column[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let free = 8
  for (const offset of batches) {
    if (offset < free || offset % 8 !== 0) throw new RangeError('its batches lie over each other')
    const marked = view.getInt32(offset, true) === -1
    const start = offset + (marked ? 8 : 4)
    const length = view.getInt32(start - 4, true)
    if (length <= 0 || start + length > bytes.length) throw new RangeError('a batch is longer than the file')
    const message = FlatTable.root(bytes.subarray(start, start + length))
    const batch = message.table(2)
    if (message.number(1, 1) !== recordBatch || message.number(0, 2) < oldestVersion || !batch) {
      throw new RangeError('a batch is none')
    }
    checkMetadata(message, 4)
    const bodyLength = message.number(3, 8)
    free = start + length + bodyLength
    if (bodyLength < 0 || free > bytes.length) throw new RangeError('a batch is longer than the file')
    checkBatch(batch, bytes.subarray(start + length, free), columns)
  }
}

function checkBatch(batch: FlatTable, body: Uint8Array, columns: readonly Column[]): void {
  if (batch.table(3)) throw new RangeError('a batch is compressed, which is not read')
  const rows = batch.number(0, 8)
  const nodes = batch.structs(1, 2)
  const buffers = batch.structs(2, 2).map(([start, length]) => [Number(start), Number(length)] as const)
  const wanted = columns.reduce((count, { type }) => count + (type === 'utf8' ? 3 : 2), 0)
  if (rows < 0 || nodes.length !== columns.length || buffers.length !== wanted) {
    throw new RangeError('a batch has not the columns of its schema')
  }
  for (const [start, length] of buffers) {
    if (start < 0 || length < 0 || start % 8 !== 0 || start + length > body.length) {
      throw new RangeError('a column is longer than its batch')
    }
  }
  const next = buffers.values()
  for (const [i, { type, nullable }] of columns.entries()) {
    const [valueCount, nulls] = nodes[i]!.map(Number) as [number, number]
    const validity = next.next().value!
    const values = next.next().value!
    const text = type === 'utf8' ? next.next().value! : undefined
    if (valueCount !== rows || nulls < 0 || nulls > rows) throw new RangeError('a column has not the rows of its batch')
    // Nulls where none may be are refused for that, whatever else is wrong.
    if (rows === 0 || (nulls > 0 && !nullable)) continue
    const bytes = Math.ceil(((rows + (text ? 1 : 0)) * bits[type]) / 8)
    if (values[1] < bytes || (nulls > 0 && validity[1] < Math.ceil(rows / 8))) {
      throw new RangeError('a column is shorter than its batch')
    }
    if (text) checkOffsets(new DataView(body.buffer, body.byteOffset + values[0], values[1]), rows, text[1])
  }
}

function checkOffsets(offsets: DataView, rows: number, bytes: number): void {
  let before = 0
  for (let row = 0; row <= rows; row++) {
    const offset = offsets.getInt32(4 * row, true)
    if (offset < before || offset > bytes) throw new RangeError('a text lies outside its column')
    before = offset
  }
}
