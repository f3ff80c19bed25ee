/**
 * Says what our own reader finds in every table of a dataset folder, as JSON lines for check.py: a line a table. Two tables that this
 * script makes itself come after them: one with the extremes of every type, and one without rows.
 *
 *   npm run --silent readers:dump -- FOLDER | python3 tools/readers/check.py FOLDER
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Column,
  decodeColumns,
  decodeRows,
  encodeRows,
  type TableDeclaration,
  tableNames,
  tables,
} from '@loadbearing/dataset'
import { verifyFolder } from '@loadbearing/dataset/folder'
import { extremeRows, extremes } from './extremes.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name a dataset folder: npm run readers:dump -- FOLDER')

const { files } = await verifyFolder(folder)
for (const name of tableNames) {
  const file = `${name}.arrow`
  if (!files.some((there) => there.name === file)) continue
  const bytes = readFileSync(join(folder, file))
  say(file, tables[name], name === 'outcomes' ? digests(bytes) : values(bytes, tables[name]))
}
for (const [name, rows] of Object.entries({ extremes: extremeRows(), empty: [] })) {
  const bytes = encodeRows(extremes, rows)
  say(`own ${name}.arrow`, extremes, { ...values(bytes, extremes), bytes: Buffer.from(bytes).toString('base64') })
}

/** What a file holds. */
interface Content {
  readonly rows: number
  readonly nulls: Readonly<Record<string, number>>
  /** Of every column: all values, floats as the bits of a double in hex. */
  readonly values?: Readonly<Record<string, readonly unknown[]>>
  /** Of every column: SHA-256 of its numbers, little-endian, a byte a boolean. */
  readonly sha256?: Readonly<Record<string, string>>
  /** The file itself in base64, where it is not in the folder. */
  readonly bytes?: string
}

function say(file: string, { columns, ...declaration }: TableDeclaration, content: Content): void {
  const types = Object.entries(columns).map(([name, column]) => ({ name, ...column }))
  process.stdout.write(`${JSON.stringify({ file, table: declaration.name, columns: types, ...content })}\n`)
}

function values(bytes: Uint8Array, declaration: TableDeclaration): Content {
  const rows: Record<string, unknown>[] = decodeRows(declaration, bytes, declaration.name)
  const columns = Object.entries<Column>(declaration.columns).map(([name, { type }]): [string, unknown[]] => {
    const isFloat = type === 'f32' || type === 'f64'
    return [name, rows.map((row) => (isFloat && typeof row[name] === 'number' ? bitsOf(row[name]) : row[name]))]
  })
  return {
    rows: rows.length,
    nulls: Object.fromEntries(columns.map(([name, its]) => [name, its.filter((value) => value === null).length])),
    values: Object.fromEntries(columns),
  }
}

function digests(bytes: Uint8Array): Content {
  const columns = Object.entries(decodeColumns(tables.outcomes, bytes, 'outcomes'))
  return {
    rows: columns[0]![1].length,
    nulls: Object.fromEntries(columns.map(([name]) => [name, 0])),
    sha256: Object.fromEntries(
      columns.map(([name, { buffer, byteOffset, byteLength }]) => [
        name,
        createHash('sha256')
          .update(new Uint8Array(buffer, byteOffset, byteLength))
          .digest('hex'),
      ]),
    ),
  }
}

function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}
