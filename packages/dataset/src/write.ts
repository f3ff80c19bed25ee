import { createHash, type Hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checksumFile, formatChecksums, sha256 } from './checksums.ts'
import type { ColumnsOf } from './columns.ts'
import { encodeColumns, encodeParts, encodeRows } from './encode.ts'
import { namesIn, readChecksums, readFileOf } from './read.ts'
import { type Row, type TableName, type Tables, tables } from './tables.ts'
import { stage, type StagedFile, syncFolder } from './whole-file.ts'

type Outcomes = ColumnsOf<Tables['outcomes']>

/** The tables to write: rows, or columns for the long one, which may come in parts. */
export type TablesToWrite = { readonly [N in Exclude<TableName, 'outcomes'>]?: readonly Row<N>[] } & {
  readonly outcomes?: Outcomes | AsyncIterable<Outcomes>
}

/**
 * Writes tables into a dataset folder, and the checksums of all tables there. No table changes before all of them are on the disk. A table
 * that comes in parts is written as they come, and never in memory as a whole.
 *
 * A process that is killed while they change names leaves no checksums: the next call sums up what it finds.
 *
 * @throws DatasetError when the disk is full or the folder cannot be written, and whatever the parts throw; the tables from before stay
 */
export async function writeTables(folder: string, given: TablesToWrite): Promise<void> {
  await removeLeftovers(folder)
  const sums = await knownChecksums(folder)
  const staged: StagedFile[] = []
  try {
    for (const [name, content] of Object.entries(given)) {
      const file = `${name}.arrow`
      const sum = createHash('sha256')
      staged.push(await stage(join(folder, file), summedUp(encoded(name as TableName, content), sum)))
      sums.set(file, sum.digest('hex'))
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

function encoded(name: TableName, content: NonNullable<TablesToWrite[TableName]>): Pieces {
  if (name !== 'outcomes') return [encodeRows(tables[name], content as never)]
  const outcomes = content as NonNullable<TablesToWrite['outcomes']>
  return Symbol.asyncIterator in outcomes
    ? encodeParts(tables.outcomes, outcomes)
    : [encodeColumns(tables.outcomes, outcomes)]
}

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The pieces as they are, which are summed up as they go by. */
async function* summedUp(pieces: Pieces, sum: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    sum.update(piece)
    yield piece
  }
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
