import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOutcomes, readTable, writeTables } from '../src/folder.ts'
import { decodeColumns, decodeRows, encodeColumns, encodeRows, type TableDeclaration, tables } from '../src/index.ts'
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
  const types = {
    u8: 'number',
    u16: 'number',
    u32: 'number',
    f32: 'number',
    f64: 'number',
    bool: 'boolean',
    utf8: 'string',
  }

  it('is told, or leaves values of the declared types', () => {
    const rows = [0, 1, 2].map((i) => ({ task_id: i, layer_id: i, value: i, low: i, high: i }))
    const mixed: [TableDeclaration, Uint8Array][] = [
      [tables.truths, encodeRows(tables.truths, rows)],
      [tables.tasks, encodeRows(tables.tasks, smallDataset().tasks)],
    ]
    let told = 0
    for (const [declaration, bytes] of mixed) {
      for (let place = 0; place < bytes.length; place++) {
        for (const flipped of [0x01, 0x80, 0xff]) {
          const damaged = Uint8Array.from(bytes)
          damaged[place]! ^= flipped
          const failure = failureOf(() => {
            const rows: Record<string, unknown>[] = decodeRows(declaration, damaged, 'there.arrow')
            for (const row of rows) {
              for (const [name, { type, nullable }] of Object.entries(declaration.columns)) {
                const value = row[name]
                if (typeof value !== types[type] && !(nullable && value === null)) {
                  throw new Error(`${name} is ${String(value)} after byte ${place} became ${damaged[place]!}.`)
                }
              }
            }
          })
          if (failure !== undefined) told++
        }
      }
    }
    expect(told).toBeGreaterThan(1000)
  })

  it('anywhere in a file of a folder is told, by the checksum where the file still reads', async () => {
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
