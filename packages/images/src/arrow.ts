import { type FileHandle, open } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'
import { DataType, type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow'
import type { Table } from './table.ts'

const hint = 'It may be truncated: download or write it again.'

/** What both formats end with when they are whole: the file's magic, or the stream's end. */
const endOfFile = Buffer.from('ARROW1')
const endOfStream = Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])

/** An Arrow IPC file or stream (`datasets` writes streams). One record batch is in memory at a time. @throws InputError when it is damaged */
export async function openArrow(path: string): Promise<Table> {
  await refuseTruncated(path)
  const { fields, metadata } = await schemaOf(path)
  return {
    path,
    columns: fields.map(({ name, type }) => ({ name, isList: isList(type as DataType) })),
    hub: metadata.get('huggingface'),
    async values(name) {
      const values: unknown[] = []
      for await (const { batch } of batchesOf(path)) {
        const column = batch.getChild(name)!
        for (let row = 0; row < batch.numRows; row++) values.push(column.get(row))
      }
      return values
    },
    async *read(name, rows) {
      let left = rows.length
      if (left === 0) return
      for await (const { batch, start } of batchesOf(path)) {
        const column = batch.getChild(name)!
        for (const [position, row] of rows.entries()) {
          if (row < start || row >= start + batch.numRows) continue
          yield { position, row, value: column.get(row - start) as unknown }
          left--
        }
        if (left === 0) return
      }
    },
  }
}

function isList(type: DataType): boolean {
  if (!DataType.isList(type) && !DataType.isFixedSizeList(type) && !DataType.isLargeList(type)) return false
  const inner = type.children[0]!.type as DataType
  return DataType.isInt(inner) || DataType.isFloat(inner) || isList(inner)
}

async function schemaOf(path: string): Promise<Schema> {
  const file = await open(path)
  try {
    const reader = await RecordBatchReader.from(file)
    return (await reader.open()).schema
  } catch (cause) {
    throw damaged(path, cause)
  } finally {
    await file.close()
  }
}

async function* batchesOf(path: string): AsyncGenerator<{ readonly batch: RecordBatch; readonly start: number }> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const reader = await RecordBatchReader.from(file)
    let start = 0
    for await (const batch of reader) {
      yield { batch, start }
      start += batch.numRows
    }
  } catch (cause) {
    throw damaged(path, cause)
  } finally {
    await file?.close()
  }
}

function damaged(path: string, cause: unknown): InputError {
  if (cause instanceof InputError) return cause
  return new InputError(`${path} cannot be read as Arrow: ${(cause as Error).message}.`, { hint, cause })
}

/** Arrow's reader takes a stream that breaks off between two batches for one that ends. */
async function refuseTruncated(path: string): Promise<void> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(8)
    const { bytesRead } = await file.read(tail, 0, 8, Math.max(0, size - 8))
    const end = tail.subarray(0, bytesRead)
    if (end.equals(endOfStream) || end.subarray(-6).equals(endOfFile)) return
    throw new InputError(`${path} cannot be read as Arrow: it has no end.`, { hint })
  } finally {
    await file.close()
  }
}
