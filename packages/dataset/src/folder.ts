import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, LoadbearingError } from '@loadbearing/core'
import type { ColumnsOf } from './columns.ts'
import { decodeColumns, decodeRows, type NumberColumns } from './decode.ts'
import { encodeColumns, encodeRows } from './encode.ts'
import { type Row, type TableName, type Tables, tables } from './tables.ts'

const checksumFile = 'SHA256SUMS'

/** The tables to write: rows, or columns for the long one. */
export type TablesToWrite = { readonly [N in Exclude<TableName, 'outcomes'>]?: readonly Row<N>[] } & {
  readonly outcomes?: ColumnsOf<Tables['outcomes']>
}

/**
 * Writes tables into a dataset folder, each whole or not at all, and the checksums of all tables there.
 *
 * @throws DatasetError when the disk is full or the folder cannot be written; what stood under a name before stays
 */
export async function writeTables(folder: string, given: TablesToWrite): Promise<void> {
  for (const [name, content] of Object.entries(given)) {
    const bytes =
      name === 'outcomes'
        ? encodeColumns(tables.outcomes, content as ColumnsOf<Tables['outcomes']>)
        : encodeRows(tables[name as TableName], content as never)
    await writeWhole(join(folder, `${name}.arrow`), bytes)
  }
  const files = (await readdir(folder)).filter((file) => file.endsWith('.arrow')).sort()
  const lines = await Promise.all(files.map(async (file) => `${sha256(await readFile(join(folder, file)))}  ${file}\n`))
  await writeWhole(join(folder, checksumFile), Buffer.from(lines.join('')))
}

/**
 * A file under its final name only when all of it is on the disk.
 *
 * @throws DatasetError naming the file and the cause; a file of that name from before stays as it was
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(temporary, 'wx')
    try {
      // Not write(): on a full disk it writes a part, and says nothing but the number of bytes.
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
    throw new DatasetError(`${path} could not be written: ${full ? 'the disk is full' : String(code ?? cause)}.`, {
      hint: full
        ? 'Free some space, then give the same command again: nothing that was finished is lost.'
        : 'Check that the folder can be written to, then give the same command again.',
      cause,
    })
  }
}

/** Rows of a table in a dataset folder. @throws DatasetError when it is missing or damaged */
export async function readTable<N extends TableName>(folder: string, name: N): Promise<Row<N>[]> {
  const file = join(folder, `${name}.arrow`)
  return decodeRows(tables[name], await readFileOf(file), file) as Row<N>[]
}

/** The table of outcomes of a dataset folder, by column. @throws DatasetError when it is missing or damaged */
export async function readOutcomes(folder: string): Promise<NumberColumns<Tables['outcomes']>> {
  const file = join(folder, 'outcomes.arrow')
  return decodeColumns(tables.outcomes, await readFileOf(file), file)
}

/** Rows of a table, or none where the folder has no such table yet. @throws DatasetError when it is damaged */
export async function readTableIfThere<N extends TableName>(folder: string, name: N): Promise<Row<N>[]> {
  const files: string[] = await readdir(folder).catch(() => [])
  return files.includes(`${name}.arrow`) ? readTable(folder, name) : []
}

/** The checksums that the folder keeps, by file name. @throws DatasetError when it has none */
export async function readChecksums(folder: string): Promise<Map<string, string>> {
  const text = new TextDecoder().decode(await readFileOf(join(folder, checksumFile)))
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function readFileOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    if (cause instanceof LoadbearingError) throw cause
    throw new DatasetError(`${file} cannot be read: ${String((cause as NodeJS.ErrnoException).code ?? cause)}.`, {
      hint: 'Name a dataset folder, or make one: npx loadbearing run.',
      cause,
    })
  }
}
