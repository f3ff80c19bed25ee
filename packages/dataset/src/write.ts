import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checksumFile, formatChecksums, sha256 } from './checksums.ts'
import type { ColumnsOf } from './columns.ts'
import { encodeColumns, encodeRows } from './encode.ts'
import { namesIn, readChecksums, readFileOf } from './read.ts'
import { type Row, type TableName, type Tables, tables } from './tables.ts'
import { stage, type StagedFile, syncFolder } from './whole-file.ts'

/** The tables to write: rows, or columns for the long one. */
export type TablesToWrite = { readonly [N in Exclude<TableName, 'outcomes'>]?: readonly Row<N>[] } & {
  readonly outcomes?: ColumnsOf<Tables['outcomes']>
}

/**
 * Writes tables into a dataset folder, and the checksums of all tables there. No table changes before all of them are on the disk.
 *
 * A process that is killed while they change names leaves no checksums: the next call sums up what it finds.
 *
 * @throws DatasetError when the disk is full or the folder cannot be written; the tables from before stay
 */
export async function writeTables(folder: string, given: TablesToWrite): Promise<void> {
  await removeLeftovers(folder)
  const sums = await knownChecksums(folder)
  const staged: StagedFile[] = []
  try {
    for (const [name, content] of Object.entries(given)) {
      const file = `${name}.arrow`
      const bytes =
        name === 'outcomes'
          ? encodeColumns(tables.outcomes, content as ColumnsOf<Tables['outcomes']>)
          : encodeRows(tables[name as TableName], content as never)
      staged.push(await stage(join(folder, file), bytes))
      sums.set(file, sha256(bytes))
    }
    const checksums = await stage(join(folder, checksumFile), Buffer.from(formatChecksums(sums)))
    staged.push(checksums)
    await rm(join(folder, checksumFile), { force: true })
    for (const { commit } of staged) await commit()
  } catch (error) {
    await Promise.all(staged.map(({ discard }) => discard()))
    throw error
  }
  await syncFolder(folder)
}

/** What a process that was killed had begun to write. */
async function removeLeftovers(folder: string): Promise<void> {
  const left = (await namesIn(folder)).filter((name) => /^(.+\.arrow|SHA256SUMS)\.[0-9a-f-]{36}\.tmp$/.test(name))
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })))
}

/** The checksums of the tables there: those that were kept, so that damage stays visible, and where there are none, what is. */
async function knownChecksums(folder: string): Promise<Map<string, string>> {
  const names = await namesIn(folder)
  const kept = names.includes(checksumFile) ? await readChecksums(folder) : new Map<string, string>()
  const sums = new Map<string, string>()
  for (const name of names.filter((file) => file.endsWith('.arrow'))) {
    sums.set(name, kept.get(name) ?? sha256(await readFileOf(join(folder, name))))
  }
  return sums
}
