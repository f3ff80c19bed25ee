import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { checksumFile, parseChecksums, sha256 } from './checksums.ts'
import { checkMarks, decodeColumns, decodeRows, type NumberColumns } from './decode.ts'
import { type Row, type TableName, type Tables, tables } from './tables.ts'

/** Rows of a table in a dataset folder. @throws DatasetError when it is missing, damaged, or not what its checksum says */
export async function readTable<N extends TableName>(folder: string, name: N): Promise<Row<N>[]> {
  const { file, bytes } = await soundFile(folder, name)
  return decodeRows(tables[name], bytes, file)
}

/** The table of outcomes of a dataset folder, by column. @throws DatasetError as `readTable` does */
export async function readOutcomes(folder: string): Promise<NumberColumns<Tables['outcomes']>> {
  const { file, bytes } = await soundFile(folder, 'outcomes')
  return decodeColumns(tables.outcomes, bytes, file)
}

/** Rows of a table, or none where the folder has no such table yet. @throws DatasetError when it is damaged */
export async function readTableIfThere<N extends TableName>(folder: string, name: N): Promise<Row<N>[]> {
  return (await namesIn(folder)).includes(`${name}.arrow`) ? readTable(folder, name) : []
}

/** The checksums that the folder keeps, by file name. @throws DatasetError when it has none, or they are damaged */
export async function readChecksums(folder: string): Promise<Map<string, string>> {
  const file = join(folder, checksumFile)
  return parseChecksums(new TextDecoder().decode(await readFileOf(file)), file)
}

/** Names of what lies in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

/** @throws DatasetError when it cannot be read */
export async function readFileOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new DatasetError(
      `${file} cannot be read: ${cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)}.`,
      { hint: 'Name a dataset folder, or make one: npx loadbearing run.', cause },
    )
  }
}

/** The bytes of a table's file, as its checksum says that they were written. */
async function soundFile(folder: string, table: TableName): Promise<{ file: string; bytes: Uint8Array }> {
  const name = `${table}.arrow`
  const file = join(folder, name)
  const bytes = await readFileOf(file)
  checkMarks(bytes, file)
  if (!(await namesIn(folder)).includes(checksumFile)) return { file, bytes }
  const expected = (await readChecksums(folder)).get(name)
  if (expected === undefined || expected === sha256(bytes)) return { file, bytes }
  throw new DatasetError(`${file} differs from its checksum in ${checksumFile}.`, {
    hint: 'It was changed or damaged after it was written. Restore the file, or measure again into another folder.',
  })
}
