import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import type { Row, TableName } from '@loadbearing/dataset'
import { readChecksums, readTable, sha256 } from '@loadbearing/dataset/folder'

/** The command that writes a table; without one of these there is nothing to show. */
const writtenBy = {
  models: 'run',
  layers: 'run',
  perturbations: 'run',
  efforts: 'run',
  sensitivity: 'run',
  criteria: 'score',
  scores: 'score',
  runs: 'score',
  tasks: 'rank',
  truths: 'rank',
  rankings: 'rank',
  leaderboard: 'rank',
  size_effects: 'rank',
} as const satisfies Partial<Record<TableName, string>>

type ShownTable = keyof typeof writtenBy

/** The rows of a dataset folder, by table, as they are stored. */
export type StoredRows = { readonly [N in ShownTable]: readonly Row<N>[] }

/** A file as the folder's checksums name it. */
export interface StoredFile {
  readonly name: string
  readonly bytes: number
  /** SHA-256 in hex. */
  readonly sha256: string
}

/** What lies in a dataset folder. */
export interface StoredTables {
  /** SHA-256 of the folder's SHA256SUMS: two folders with the same digest hold the same tables. */
  readonly digest: string
  readonly files: readonly StoredFile[]
  readonly rows: StoredRows
}

/** SHA-256 of a folder's SHA256SUMS. @throws DatasetError when it has none */
export async function digestOf(folder: string): Promise<string> {
  await readChecksums(folder)
  return sha256(await readFile(join(folder, 'SHA256SUMS')))
}

/**
 * The rows of every table that the leaderboard shows; the long table of outcomes is left alone.
 *
 * @throws DatasetError when the folder is no dataset, lacks a table, or a table is damaged or differs from its checksum
 */
export async function readStoredTables(folder: string): Promise<StoredTables> {
  const digest = await digestOf(folder)
  const checksums = await readChecksums(folder)
  const read = async <N extends ShownTable>(name: N): Promise<Row<N>[]> => {
    const file = `${name}.arrow`
    if (!checksums.has(file)) {
      throw new DatasetError(`${folder} holds no ${file} yet.`, {
        hint: `Make it: npx loadbearing ${writtenBy[name]}.`,
      })
    }
    return readTable(folder, name)
  }
  const rows: StoredRows = {
    models: await read('models'),
    layers: await read('layers'),
    perturbations: await read('perturbations'),
    efforts: await read('efforts'),
    sensitivity: await read('sensitivity'),
    criteria: await read('criteria'),
    scores: await read('scores'),
    runs: await read('runs'),
    tasks: await read('tasks'),
    truths: await read('truths'),
    rankings: await read('rankings'),
    leaderboard: await read('leaderboard'),
    size_effects: await read('size_effects'),
  }
  if (rows.rankings.length !== rows.tasks.length * rows.criteria.length) {
    throw new DatasetError(`${folder} holds scores that were not ranked yet.`, {
      hint: 'Rank them: npx loadbearing rank.',
    })
  }
  const files = await Promise.all(
    [...checksums].map(async ([name, hash]) => ({ name, bytes: await sizeOf(join(folder, name)), sha256: hash })),
  )
  return { digest, files, rows }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (cause) {
    throw new DatasetError(`${file} is missing, though it has a checksum.`, {
      hint: 'Restore the file, or measure again into another folder.',
      cause,
    })
  }
}
