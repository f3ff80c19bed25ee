import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import {
  Float64,
  makeData,
  Schema,
  Table,
  tableFromArrays,
  tableToIPC,
  Uint16,
  Vector,
  vectorFromArray,
} from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOutcomes, readTable, writeTables } from '../src/folder.ts'
import {
  decodeColumns,
  decodeRows,
  encodeColumns,
  encodeRows,
  schemaOf,
  type TableDeclaration,
  tables,
} from '../src/index.ts'
import { everyType } from './every-type.ts'
import { smallDataset } from './small-dataset.ts'
import { temporaryFolder } from './temporary-folder.ts'

const { scores, outcomes } = smallDataset()
const scoreBytes = encodeRows(tables.scores, scores)
const outcomeBytes = encodeColumns(tables.outcomes, outcomes)

/** What reading throws: a DatasetError that names the file and a next step, nothing else; undefined where it reads. */
function failureOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError)
    const { message, hint } = error as DatasetError
    expect(message).toMatch(/^there\.arrow /)
    expect(hint).toMatch(/\.$/)
    return message
  }
}

const failureOfRows = (declaration: TableDeclaration, bytes: Uint8Array) =>
  failureOf(() => decodeRows(declaration, bytes, 'there.arrow'))

describe('a file that is cut off', () => {
  it.each([
    ['scores', (bytes: Uint8Array) => decodeRows(tables.scores, bytes, 'there.arrow'), scoreBytes],
    ['outcomes', (bytes: Uint8Array) => decodeColumns(tables.outcomes, bytes, 'there.arrow'), outcomeBytes],
  ])('is told at every length: %s', (_, decode, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      const failure = failureOf(() => decode(bytes.subarray(0, length)))
      expect(failure).toBe(length < 6 ? 'there.arrow is not an Arrow file.' : 'there.arrow is cut off.')
    }
  })
})

describe('a file that is something else', () => {
  const isNoArrow = 'there.arrow is not an Arrow file.'
  it('is told when it is no Arrow file', () => {
    expect(failureOfRows(tables.scores, new TextEncoder().encode('model,layer\n0,1\n'))).toBe(isNoArrow)
    expect(failureOfRows(tables.scores, tableToIPC(tableFromArrays({ a: [1] }), 'stream'))).toBe(isNoArrow)
  })

  it('is told when its columns are others', () => {
    expect(failureOfRows(tables.truths, tableToIPC(tableFromArrays({ a: Int32Array.of(1) }), 'file'))).toBe(
      "there.arrow is not the table 'truths': its columns are a: Int32, not task_id: Uint16, layer_id: Uint16, value: Float64, low: Float64, high: Float64.",
    )
    // A dictionary is what other writers make of text.
    expect(failureOfRows(tables.truths, tableToIPC(tableFromArrays({ a: ['x', 'y'] }), 'file'))).toContain('Dictionary')
    const nullable = {
      ...everyType,
      columns: { ...everyType.columns, u8: { ...everyType.columns.u8, nullable: true } },
    }
    expect(failureOfRows(everyType, encodeRows(nullable, []))).toContain('u8: Uint8?')
    expect(failureOfRows(tables.truths, outcomeBytes)).toContain("is not the table 'truths'")
  })

  it('is told when a column that must be filled holds nulls', () => {
    const { fields, metadata } = schemaOf(tables.truths)
    const nulls = new Vector([makeData({ type: new Uint16(), length: 1, nullCount: 1, nullBitmap: Uint8Array.of(0) })])
    const numbers = vectorFromArray([0.5], new Float64())
    const columns = {
      task_id: nulls,
      layer_id: vectorFromArray([0], new Uint16()),
      value: numbers,
      low: numbers,
      high: numbers,
    }
    const foreign = new Table(new Schema(fields, metadata), columns)
    expect(failureOfRows(tables.truths, tableToIPC(foreign, 'file'))).toBe(
      "there.arrow holds nulls in the column 'task_id', which must have none.",
    )
  })

  it('is told whatever lies between the marks of an Arrow file', () => {
    const mark = new TextEncoder().encode('ARROW1')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (middle) => {
        expect(failureOfRows(tables.scores, Buffer.concat([mark, middle, mark]))).toBeDefined()
      }),
      { numRuns: 500 },
    )
  })
})

describe('a byte that changed', () => {
  it('anywhere in a file of a folder is told, before anything follows what it says', async () => {
    const folder = temporaryFolder()
    await writeTables(folder, smallDataset())
    for (const [name, read] of [
      ['truths', () => readTable(folder, 'truths')],
      ['outcomes', () => readOutcomes(folder)],
    ] as const) {
      const file = join(folder, `${name}.arrow`)
      const bytes = readFileSync(file)
      for (let place = 0; place < bytes.length; place += 7) {
        bytes[place]! ^= 0x10
        writeFileSync(file, bytes)
        await expect(read(), `byte ${place}`).rejects.toMatchObject({
          name: 'DatasetError',
          message: expect.stringContaining(file) as string,
          hint: expect.stringMatching(/\.$/) as string,
        })
        bytes[place]! ^= 0x10
      }
      writeFileSync(file, bytes)
      await read()
    }
  })
})

describe('a table that is not there', () => {
  it('is told with the folder and the next step', async () => {
    const folder = temporaryFolder()
    await expect(readTable(folder, 'models')).rejects.toMatchObject({
      name: 'DatasetError',
      message: `${join(folder, 'models.arrow')} cannot be read: ENOENT.`,
      hint: expect.stringContaining('npx loadbearing run') as string,
    })
  })
})
