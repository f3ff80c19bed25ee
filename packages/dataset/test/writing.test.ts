import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readChecksums, readTable, readTableIfThere, verifyFolder, writeTables, writeWhole } from '../src/folder.ts'
import { smallDataset } from './small-dataset.ts'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)
const child = ['--conditions=@loadbearing/source', join(import.meta.dirname, 'write-in-child.ts')]

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  )
const temporaryFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'))

async function smallFolder(): Promise<string> {
  const folder = temporaryFolder()
  await writeTables(folder, smallDataset())
  return folder
}

describe('the checksums', () => {
  it('are those of the files, in the form that sha256sum reads', async () => {
    const folder = await smallFolder()
    const tables = readdirSync(folder).filter((name) => name.endsWith('.arrow'))
    const sum = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')
    expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(
      tables.map((name) => `${sum(name)}  ${name}\n`).join(''),
    )
    expect([...(await readChecksums(folder))]).toEqual(tables.map((name) => [name, sum(name)]))
  })

  it('of tables that a call does not write stay, so that damage to them is not signed', async () => {
    const folder = await smallFolder()
    const file = join(folder, 'layers.arrow')
    writeFileSync(file, readFileSync(file).fill(0x20, 2000, 2010))
    await writeTables(folder, { runs: [] })
    await expect(readTable(folder, 'layers')).rejects.toThrow(/layers\.arrow differs from its checksum/)
    expect((await verifyFolder(folder)).findings).toContainEqual({
      table: 'layers.arrow',
      row: null,
      message: 'It differs from its checksum in SHA256SUMS.',
    })
    expect(await readTable(folder, 'runs')).toEqual([])
  })
})

describe('tables', () => {
  it('have the same bytes whenever the same rows are written', async () => {
    expect(filesOf(await smallFolder())).toEqual(filesOf(await smallFolder()))
  })

  it('that are not there yet have no rows, where that is asked for', async () => {
    const folder = temporaryFolder()
    expect(await readTableIfThere(folder, 'scores')).toEqual([])
    expect(await readTableIfThere(join(folder, 'nowhere'), 'scores')).toEqual([])
  })

  it('stay as they are when one of the new ones cannot be encoded', async () => {
    const folder = await smallFolder()
    const before = filesOf(folder)
    const { runs, truths } = smallDataset()
    truths[3]!.value = NaN
    await expect(writeTables(folder, { runs: runs.slice(1), truths })).rejects.toThrow(
      "truths: NaN does not fit the column 'value' (f64) in row 3.",
    )
    expect(filesOf(folder)).toEqual(before)
  })

  it('stay as they are when the disk is full, which is said', async () => {
    const folder = await smallFolder()
    const before = filesOf(folder)
    // A limit on the size of files fails a write in the middle, as a full disk does: all but the table of layers fit into 16 kB.
    const starved = run('bash', ['-c', 'ulimit -f 16; exec "$@"', 'bash', process.execPath, ...child, folder, 'long'])
    await expect(starved).rejects.toMatchObject({
      stderr: expect.stringContaining(
        `DatasetError: ${join(folder, 'layers.arrow')} could not be written: the disk is full.`,
      ) as string,
    })
    expect(filesOf(folder)).toEqual(before)
    await run(process.execPath, [...child, folder, 'long'])
    expect((await verifyFolder(folder)).findings).toEqual([])
    expect((await readTable(folder, 'layers'))[0]!.nodes).toHaveLength(4000)
  })

  it('are each whole after SIGKILL at any step, and the next call makes them sound', async () => {
    const whole = await smallFolder()
    const old = filesOf(whole)
    const { stdout } = await run(process.execPath, [...child, whole, 'whole', '-1'])
    const fresh = filesOf(whole)
    const steps = Number(stdout)
    expect(steps).toBeGreaterThan(25)
    const states = new Set<string>()
    for (let step = 0; step < steps; step += 3) {
      const folder = await smallFolder()
      await expect(run(process.execPath, [...child, folder, 'whole', String(step)])).rejects.toMatchObject({
        signal: 'SIGKILL',
      })
      for (const [name, bytes] of Object.entries(filesOf(folder))) {
        if (!name.endsWith('.tmp')) expect([old[name], fresh[name]], name).toContain(bytes)
      }
      const sums = readdirSync(folder).includes('SHA256SUMS')
      states.add(sums ? 'all old or all new' : 'between')
      if (sums) expect((await verifyFolder(folder)).findings, `step ${step}`).toEqual([])
      await writeTables(folder, {})
      expect(temporaryFiles(folder)).toEqual([])
      expect((await verifyFolder(folder)).findings, `step ${step}`).toEqual([])
    }
    expect([...states].sort()).toEqual(['all old or all new', 'between'])
  })
})

describe('a file', () => {
  it('is written with the folders above it, and in place of an older one', async () => {
    const path = join(temporaryFolder(), 'a', 'b', 'file')
    await writeWhole(path, Uint8Array.of(1, 2))
    await writeWhole(path, Uint8Array.of(3))
    expect([...readFileSync(path)]).toEqual([3])
    expect(readdirSync(join(path, '..'))).toEqual(['file'])
  })

  it('that cannot take its name leaves nothing behind', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'file')
    mkdirSync(join(path, 'inside'), { recursive: true })
    await expect(writeWhole(path, Uint8Array.of(1))).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringMatching(/file could not be written: (EISDIR|EPERM|ENOTEMPTY|EEXIST)\.$/) as string,
      hint: expect.stringContaining('can be written to') as string,
    })
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('under a name that is no folder says which', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    await expect(writeWhole(join(file, 'table.arrow'), Uint8Array.of(1))).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringMatching(/table\.arrow could not be written: (ENOTDIR|EEXIST)\.$/) as string,
    })
  })
})
