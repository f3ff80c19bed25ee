import { DataType, type Table } from 'apache-arrow'

/**
 * What is wrong with the buffers of a table, or undefined: Arrow files carry no checksum, and its readers believe whatever lengths and
 * offsets a damaged file claims.
 */
export function brokenBuffers(table: Table): string | undefined {
  for (const [i, { name, nullable }] of table.schema.fields.entries()) {
    const column = table.getChildAt(i)
    if (column?.length !== table.numRows) return `the column '${name}' has another length than the table`
    const chunks: readonly Buffers[] = column.data
    for (const data of chunks) {
      if (!hasValues(data)) return `values of the column '${name}' are missing`
      if (data.nullCount > 0 && !nullable) return `the column '${name}' holds nulls`
      if (data.nullCount > 0 && !hasBits(data.nullBitmap, data.offset, data.length)) {
        return `the column '${name}' does not say which of its values are null`
      }
    }
  }
  return undefined
}

interface Buffers {
  readonly type: DataType
  readonly values: unknown
  readonly valueOffsets: unknown
  readonly nullBitmap: Uint8Array
  readonly nullCount: number
  readonly offset: number
  readonly length: number
}

function hasValues({ type, values, valueOffsets, offset, length }: Buffers): boolean {
  if (DataType.isUtf8(type)) return hasText(valueOffsets as Int32Array, (values as Uint8Array).byteLength, length)
  if (DataType.isBool(type)) return hasBits(values as Uint8Array, offset, length)
  return (values as ArrayLike<unknown>).length >= length
}

function hasBits(bits: Uint8Array, offset: number, length: number): boolean {
  return 8 * bits.byteLength >= offset + length
}

function hasText(offsets: Int32Array, bytes: number, length: number): boolean {
  // No rows need no offsets, and some writers leave them out.
  if (length === 0) return true
  if (offsets.length <= length || offsets[0]! < 0) return false
  for (let row = 0; row < length; row++) if (offsets[row + 1]! < offsets[row]!) return false
  return offsets[length]! <= bytes
}
