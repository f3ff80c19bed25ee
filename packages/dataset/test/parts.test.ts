import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOutcomes, verifyFolder, writeTables } from '../src/folder.ts'
import { encodeColumns, encodeParts, tables } from '../src/index.ts'
import { smallDataset } from './small-dataset.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface Outcomes {
  readonly correct: Uint8Array
  readonly clean_correct: Uint8Array
  readonly bounded_kl: Float32Array
}

const outcomes = (start: number, end: number): Outcomes => {
  const rows = Array.from({ length: end - start }, (_, i) => start + i)
  return {
    correct: Uint8Array.from(rows, (row) => Number(row % 3 === 0)),
    clean_correct: Uint8Array.from(rows, (row) => Number(row % 7 > 2)),
    bounded_kl: Float32Array.from(rows, (row) => (row % 1009) / 1009),
  }
}

/** Rows 0 to the last of the ends, in a part up to each of them. */
async function* parts(ends: readonly number[]): AsyncGenerator<Outcomes> {
  for (const [i, end] of ends.entries()) yield outcomes(ends[i - 1] ?? 0, end)
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

describe('a table in parts', () => {
  it('has the bytes that it has as a whole, wherever it is split', async () => {
    const whole = new Map<number, Uint8Array>()
    const wholeOf = (count: number): Uint8Array => {
      const bytes = whole.get(count) ?? encodeColumns(tables.outcomes, outcomes(0, count))
      whole.set(count, bytes)
      return bytes
    }
    const count = fc.constantFrom(0, 1, 1000, 65_535, 65_536, 65_537, 131_072, 140_000)
    const split = count.chain((last) =>
      fc.tuple(fc.array(fc.integer({ min: 0, max: last }), { maxLength: 6 }), fc.constant(last)),
    )
    await fc.assert(
      fc.asyncProperty(split, async ([cuts, last]) => {
        const bytes = await collect(encodeParts(tables.outcomes, parts([...cuts.sort((a, b) => a - b), last])))
        expect(bytes.equals(wholeOf(last))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('without any part is a table without rows', async () => {
    expect(await collect(encodeParts(tables.outcomes, parts([])))).toEqual(
      Buffer.from(encodeColumns(tables.outcomes, outcomes(0, 0))),
    )
  })

  it('names the row of a value that does not fit, counted from the first part', async () => {
    async function* damaged() {
      yield outcomes(0, 70_000)
      yield { ...outcomes(0, 10), bounded_kl: new Float32Array(10).fill(NaN, 3) }
    }
    await expect(collect(encodeParts(tables.outcomes, damaged()))).rejects.toThrow(
      "outcomes: NaN does not fit the column 'bounded_kl' (f32) in row 70003.",
    )
  })

  it('is written and read again, over the border of a batch', async () => {
    const folder = temporaryFolder()
    await writeTables(folder, { outcomes: parts([10, 50_000, 100_000]) })
    expect(await readOutcomes(folder)).toEqual(outcomes(0, 100_000))
    expect((await verifyFolder(folder)).findings).toEqual([])
  })

  it('whose source fails leaves every table as it was, and says what failed', async () => {
    const folder = temporaryFolder()
    await writeTables(folder, smallDataset())
    const filesOf = () => readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')])
    const before = filesOf()
    async function* failing() {
      yield outcomes(0, 70_000)
      throw new DatasetError('A piece is damaged.')
    }
    await expect(writeTables(folder, { runs: [], outcomes: failing() })).rejects.toThrow(
      new DatasetError('A piece is damaged.'),
    )
    expect(filesOf()).toEqual(before)
  })
})
