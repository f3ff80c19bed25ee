import { InputError } from '@loadbearing/core'
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { hubColumns, imageOf, labelOf } from './hub-columns.ts'
import { nameOfData } from './names.ts'
import type { StoredImages } from './stored-images.ts'

const hint = 'It may be truncated: download or write it again.'

/**
 * A Parquet file with a column of images (binary, or a struct {bytes, path}) and one of labels (names, or indices), as the Hugging Face
 * hub has them. One row group is in memory at a time.
 *
 * @throws InputError when it is damaged, or a column is missing
 */
export async function openParquet(path: string): Promise<StoredImages> {
  const file = await asyncBufferFromFile(path)
  const metadata = await orDamaged(path, () => parquetMetadataAsync(file))
  const { children } = parquetSchema(metadata)
  const columns = hubColumns(
    children.map(({ element }) => element.name),
    metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value,
    path,
  )
  const labels = (await rowsOf(path, file, metadata, columns.label)).map((row, i) =>
    labelOf(row[columns.label], i, path),
  )
  if (labels.length === 0) throw new InputError(`${path} holds no images.`, { hint: 'Choose a file with rows.' })
  return {
    name: nameOfData(path),
    keys: labels.map((_, row) => `row ${row}`),
    labels,
    ...(columns.classNames && { classNames: columns.classNames }),
    async *read(indices) {
      let start = 0
      for (const group of metadata.row_groups) {
        const end = start + Number(group.num_rows)
        const wanted = [...indices.entries()].filter(([, row]) => row >= start && row < end)
        if (wanted.length > 0) {
          const rows = await rowsOf(path, file, metadata, columns.image, { rowStart: start, rowEnd: end })
          for (const [position, row] of wanted) {
            yield { position, bytes: imageOf(rows[row - start]?.[columns.image], row, path) }
          }
        }
        start = end
      }
    },
  }
}

function rowsOf(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  rows: { readonly rowStart?: number; readonly rowEnd?: number } = {},
): Promise<Record<string, unknown>[]> {
  // Bytes stay bytes; labels that are text declare it.
  return orDamaged(path, () =>
    parquetReadObjects({ file, metadata, columns: [column], compressors, utf8: false, ...rows }),
  )
}

async function orDamaged<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new InputError(`${path} cannot be read as Parquet: ${(cause as Error).message}.`, { hint, cause })
  }
}
