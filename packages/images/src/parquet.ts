import { InputError } from '@loadbearing/core'
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Table } from './table.ts'

const hint = 'It may be truncated: download or write it again.'

/** A Parquet file. One row group is in memory at a time. @throws InputError when it is damaged */
export async function openParquet(path: string): Promise<Table> {
  const file = await asyncBufferFromFile(path)
  const metadata = await orDamaged(path, () => parquetMetadataAsync(file))
  return {
    path,
    columns: parquetSchema(metadata).children.map((column) => ({ name: column.element.name, isList: isList(column) })),
    hub: metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value,
    values: async (name) => (await rowsOf(path, file, metadata, name)).map((row) => row[name]),
    async *read(name, asked) {
      let start = 0
      for (const group of metadata.row_groups) {
        const end = start + Number(group.num_rows)
        const wanted = [...asked.entries()].filter(([, row]) => row >= start && row < end)
        if (wanted.length > 0) {
          const rows = await rowsOf(path, file, metadata, name, { rowStart: start, rowEnd: end })
          for (const [position, row] of wanted) yield { position, row, value: rows[row - start]?.[name] }
        }
        start = end
      }
    },
  }
}

/** A list is a group around one that repeats, of one column; text and truth values are no numbers. */
function isList({ element, children }: SchemaTree): boolean {
  if (element.converted_type !== 'LIST' && element.logical_type?.type !== 'LIST') return false
  const inner = children[0]?.children[0]
  if (!inner) return false
  if (inner.children.length > 0) return isList(inner)
  const { type, logical_type: logical } = inner.element
  return logical?.type === 'FLOAT16' || (type !== 'BYTE_ARRAY' && type !== 'FIXED_LEN_BYTE_ARRAY' && type !== 'BOOLEAN')
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
