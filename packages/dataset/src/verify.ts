import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { checksumFile, sha256 } from './checksums.ts'
import type { Column } from './columns.ts'
import { checkMarks, decodeColumns, decodeRows } from './decode.ts'
import { namesIn, readChecksums, readFileOf } from './read.ts'
import { type TableName, tableNames, tables } from './tables.ts'
import { cells } from './verification/cells.ts'
import { completeGrid } from './verification/complete-grid.ts'
import { efforts } from './verification/efforts.ts'
import type { Check, Finding, OpenTables } from './verification/finding.ts'
import { grids } from './verification/grid.ts'
import { ids } from './verification/ids.ts'
import { intervals } from './verification/intervals.ts'
import { leaderboard } from './verification/leaderboard.ts'
import { models } from './verification/models.ts'
import { uniqueNames } from './verification/names.ts'
import { finiteNumbers } from './verification/numbers.ts'
import { cellOutcomes, fractions } from './verification/outcomes.ts'
import { rankings } from './verification/rankings.ts'
import { completeScores, scores } from './verification/scores.ts'
import { sizeEffects } from './verification/size-effects.ts'
import { tasks } from './verification/tasks.ts'
import { tracks } from './verification/tracks.ts'
import { truths } from './verification/truths.ts'

/** A table's file in a dataset folder. */
export interface VerifiedFile {
  readonly name: string
  /** Null where the table was not opened: it cannot be, or differs from its checksum. */
  readonly rows: number | null
  readonly bytes: number
  readonly sha256: string
}

/** What a look at a dataset folder found. */
export interface Verification {
  readonly folder: string
  readonly files: readonly VerifiedFile[]
  /** None where the dataset is sound; of each kind the first and a count of the rest. */
  readonly findings: readonly Finding[]
}

const checks: readonly Check[] = [
  ids,
  finiteNumbers,
  uniqueNames,
  grids,
  models,
  cells,
  completeGrid,
  efforts,
  intervals,
  cellOutcomes,
  fractions,
  tracks,
  scores,
  completeScores,
  tasks,
  truths,
  rankings,
  leaderboard,
  sizeEffects,
]

/** Findings of one check that are listed; one damaged table can have a million. */
const listed = 20

/**
 * Checks a dataset folder: every file against SHA256SUMS, every table against its declaration, and what must hold between the tables.
 * Tables that the folder does not hold yet are not missed, unless one that is there refers to them.
 *
 * @throws DatasetError when the folder holds no tables or cannot be read
 */
export async function verifyFolder(folder: string): Promise<Verification> {
  const present = (await namesIn(folder)).filter((name) => name.endsWith('.arrow')).sort()
  if (present.length === 0) {
    throw new DatasetError(`${folder} holds no tables.`, {
      hint: 'Name a dataset folder, or make one: npx loadbearing run.',
    })
  }
  const findings: Finding[] = []
  const unopened: Finding[] = []
  const files: VerifiedFile[] = []
  const open: { -readonly [N in TableName]?: OpenTables[N] } = {}
  const sums = await orFinding(checksumFile, findings, () => readChecksums(folder))
  for (const name of present) {
    const bytes = await readFileOf(join(folder, name))
    const sum = sha256(bytes)
    const isSound = (sums?.get(name) ?? sum) === sum
    const rows = await orFinding(name, unopened, () => openInto(open, name, bytes, isSound))
    files.push({ name, rows, bytes: bytes.byteLength, sha256: sum })
  }
  if (sums) findings.push(...checksumFindings(sums, files))
  findings.push(...unopened, ...missingTables(open, new Set(present)))
  for (const check of checks) findings.push(...shortened(check(open)))
  return { folder, files, findings }
}

/** Opens a table that has not changed since it was written, and returns its rows. @throws DatasetError where it cannot be opened */
function openInto(
  open: { -readonly [N in TableName]?: OpenTables[N] },
  file: string,
  bytes: Uint8Array,
  isSound: boolean,
): number | null {
  const table = file.slice(0, -'.arrow'.length)
  if (!isTableName(table)) throw new DatasetError('This version of the dataset has no table of that name.')
  // The finding says which file: in its sentence, 'it' will do.
  checkMarks(bytes, 'It')
  if (!isSound) return null
  if (table === 'outcomes') {
    open.outcomes = decodeColumns(tables.outcomes, bytes, 'It')
    return open.outcomes.correct.length
  }
  const rows = decodeRows(tables[table], bytes, 'It')
  Object.assign(open, { [table]: rows })
  return rows.length
}

/** What `look` returns, or null where it finds something wrong with a file. */
async function orFinding<T>(file: string, findings: Finding[], look: () => T | Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    findings.push({ table: file, row: null, message: error.message })
    return null
  }
}

function isTableName(name: string): name is TableName {
  return tableNames.some((table) => table === name)
}

function checksumFindings(sums: ReadonlyMap<string, string>, files: readonly VerifiedFile[]): Finding[] {
  const file = (name: string, message: string): Finding => ({ table: name, row: null, message })
  const found = new Map(files.map(({ name, sha256: sum }) => [name, sum]))
  return [
    ...[...sums.keys()]
      .filter((name) => !found.has(name))
      .map((name) => file(name, `It is missing, but ${checksumFile} lists it.`)),
    ...files.flatMap(({ name, sha256: sum }) => {
      const expected = sums.get(name)
      if (expected === undefined) return [file(name, `${checksumFile} does not list it.`)]
      return expected === sum ? [] : [file(name, `It differs from its checksum in ${checksumFile}.`)]
    }),
  ]
}

/** Tables that rows of those in the folder refer to, and that are not there. */
function missingTables(open: OpenTables, present: ReadonlySet<string>): Finding[] {
  const refers = (table: TableName, name: string): boolean => {
    const rows = table === 'outcomes' ? undefined : open[table]
    return rows?.some((row) => (row as Readonly<Record<string, unknown>>)[name] !== null) ?? true
  }
  return tableNames
    .filter((table) => present.has(`${table}.arrow`))
    .flatMap((table) =>
      Object.entries<Column>(tables[table].columns)
        .filter(([name, { refersTo }]) => refersTo && !present.has(`${refersTo}.arrow`) && refers(table, name))
        .map(([name, { refersTo }]) => ({
          table,
          row: null,
          message: `${name} refers to ${String(refersTo)}, which the folder does not hold.`,
        })),
    )
}

function shortened(found: Iterable<Finding>): Finding[] {
  const first: Finding[] = []
  let more = 0
  for (const finding of found) {
    if (first.length < listed) first.push(finding)
    else more++
  }
  if (more === 0) return first
  return [...first, { table: first.at(-1)!.table, row: null, message: `There are ${more} more findings of this kind.` }]
}
