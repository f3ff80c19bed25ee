import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Rng } from '@loadbearing/core'
import type { TableName } from '@loadbearing/dataset'
import { readOutcomes, readTable, sha256, verifyFolder } from '@loadbearing/dataset/folder'
import { arrowMutations } from './arrow-mutations.ts'
import { damaged, type FuzzCase } from './case.ts'

const folder = mkdtempSync(join(tmpdir(), 'loadbearing-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const writer = join(import.meta.dirname, '../../packages/dataset/test/write-in-child.ts')
execFileSync(process.execPath, ['--conditions=@loadbearing/source', writer, folder, 'whole'])

const sumsFile = join(folder, 'SHA256SUMS')
const sums = readFileSync(sumsFile, 'utf8')
const bases = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.arrow'))
    .sort()
    .map((file) => [file, readFileSync(join(folder, file))]),
)

/** A dataset folder with one damaged table, whose checksum may have been made to fit. To read it is to verify the folder and read the table. */
export function arrowCase(rng: Rng): FuzzCase {
  const { base, bytes, damage } = damaged(bases, arrowMutations, rng)
  const fits = rng.integer(4) > 0
  const sound = sha256(bases.get(base)!)
  return {
    damage: fits ? [...damage, 'checksum made to fit'] : damage,
    bytes,
    read: async () => {
      writeFileSync(join(folder, base), bytes)
      writeFileSync(sumsFile, fits ? sums.replace(sound, sha256(bytes)) : sums)
      try {
        const { findings } = await verifyFolder(folder)
        const name = basename(base, '.arrow') as TableName
        await (name === 'outcomes' ? readOutcomes(folder) : readTable(folder, name))
        return findings.length === 0 ? 'a sound table' : 'a table with findings'
      } finally {
        writeFileSync(join(folder, base), bases.get(base)!)
      }
    },
  }
}
