/**
 * Writes the tables of a stage into a folder, in a process of its own.
 *
 *   node write-in-child.ts FOLDER STAGE        STAGE: whole, or long for one whose outcomes take more than 8 kB
 *   node write-in-child.ts FOLDER STAGE STEP   kills itself, as SIGKILL does, before the given step on the disk
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { smallDataset } from './small-dataset.ts'

const [folder, stage, step] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name a folder.')

let steps = 0
function killedAt<F extends (...given: never[]) => unknown>(work: F): F {
  return ((...given: Parameters<F>) => {
    if (steps++ === Number(step)) process.kill(process.pid, 'SIGKILL')
    return work(...given)
  }) as F
}
if (step !== undefined) {
  fs.promises.open = killedAt(fs.promises.open)
  fs.promises.rename = killedAt(fs.promises.rename)
  fs.promises.rm = killedAt(fs.promises.rm)
  syncBuiltinESMExports()
}

const { writeTables } = await import('../src/folder.ts')
const dataset = smallDataset()
for (const run of dataset.runs) run.seconds = 2.5
for (const truth of dataset.truths) truth.high = 0.9375
if (stage === 'long') dataset.layers.forEach((layer) => (layer.nodes = 'node'.repeat(1000)))
try {
  await writeTables(folder, dataset)
  process.stdout.write(String(steps))
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
