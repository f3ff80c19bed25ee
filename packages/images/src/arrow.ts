import { type FileHandle, open } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'
import { type RecordBatch, RecordBatchReader } from 'apache-arrow'
import { hubColumns, imageOf, labelOf } from './hub-columns.ts'
import { nameOfData } from './names.ts'
import type { StoredImages } from './stored-images.ts'

const hint = 'It may be truncated: download or write it again.'

/** What both formats end with when they are whole: the file's magic, or the stream's end. */
const endOfFile = Buffer.from('ARROW1')
const endOfStream = Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])

/**
 * An Arrow IPC file or stream (`datasets` writes streams) with a column of images (binary, or a struct {bytes, path}) and one of labels
 * (names, or indices). One record batch is in memory at a time.
 *
 * @throws InputError when it is damaged, or a column is missing
 */
export async function openArrow(path: string): Promise<StoredImages> {
  await refuseTruncated(path)
  const labels: (string | number)[] = []
  let columns: ReturnType<typeof hubColumns> | undefined
  for await (const { batch, start } of batchesOf(path)) {
    columns ??= hubColumns(
      batch.schema.fields.map(({ name }) => name),
      batch.schema.metadata.get('huggingface'),
      path,
    )
    const column = batch.getChild(columns.label)!
    for (let row = 0; row < batch.numRows; row++) labels.push(labelOf(column.get(row), start + row, path))
  }
  if (!columns || labels.length === 0) {
    throw new InputError(`${path} holds no images.`, { hint: 'Choose a file with rows.' })
  }
  const { image, classNames } = columns
  return {
    name: nameOfData(path),
    keys: labels.map((_, row) => `row ${row}`),
    labels,
    ...(classNames && { classNames }),
    async *read(indices) {
      for await (const { batch, start } of batchesOf(path)) {
        const column = batch.getChild(image)!
        for (const [position, row] of indices.entries()) {
          if (row < start || row >= start + batch.numRows) continue
          yield { position, bytes: imageOf(column.get(row - start), row, path) }
        }
      }
    },
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
    if (cause instanceof InputError) throw cause
    throw new InputError(`${path} cannot be read as Arrow: ${(cause as Error).message}.`, { hint, cause })
  } finally {
    await file?.close()
  }
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
