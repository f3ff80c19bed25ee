/**
 * Kills a small measurement (`kill -9`) at random moments, resumes it each time, and checks that nothing is lost: no finished piece changes
 * or is measured again, no file is half-written under its final name, and the tables come to the bytes of an undisturbed measurement.
 *
 *   npm run verify:kills                             50 kills
 *   npm run verify:kills -- --kills 500 --seed 2     more, at other moments
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { deserialize } from 'node:v8'
import { rngFrom } from '@loadbearing/core'
import { decodeRows, tables } from '@loadbearing/dataset'
import { readChecksums, sha256, verifyFolder } from '@loadbearing/dataset/folder'

const child = join(import.meta.dirname, '../packages/bench/test/measure-in-child.ts')
/** The costs differ from run to run. */
const costs = 'runs.arrow'

const { values: given } = parseArgs({
  options: { kills: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
})
const kills = Number(given.kills)
const rng = rngFrom('never-lost', given.seed)
const folders: string[] = []
const findings: string[] = []
try {
  await run()
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
for (const finding of findings) console.log(`FAILED ${finding}`)
console.log(`${kills} kills, ${findings.length} findings (seed ${given.seed})`)
if (findings.length > 0) process.exitCode = 1

/** Something that the child says, and how long after it the child is killed. */
interface Moment {
  readonly after: (line: string) => boolean
  readonly milliseconds: number
  readonly words: string
}

/** What an undisturbed measurement comes to. */
interface Expected {
  readonly sums: ReadonlyMap<string, string>
  readonly units: ReadonlySet<string>
  /** Units of the pilot. */
  readonly pilot: number
  /** Milliseconds of all of it, and of what comes after the last unit. */
  readonly whole: number
  readonly ending: number
}

async function run(): Promise<void> {
  const expected = await undisturbed()
  const struck = new Map<string, number>()
  let folder = newFolder()
  let known = new Map<string, string>()
  let resumed = 0
  for (let kill = 0; kill < kills;) {
    const moment = nextMoment(expected)
    const threads = 1 + rng.integer(2)
    const signal = await measure(folder, threads, moment)
    const where = `kill ${kill + 1} (${moment.words}, threads: ${threads})`
    known = checkUnits(folder, known, where)
    if (signal === 'SIGKILL') {
      kill++
      const state = stateOf(folder, expected)
      struck.set(state, (struck.get(state) ?? 0) + 1)
      console.log(`${where}: ${known.size} of ${expected.units.size} units were finished; ${state}`)
      checkTables(folder, expected, where)
      if (kill < kills) continue
      // The last one is resumed too.
      await measure(folder, 1)
      checkUnits(folder, known, where)
    }
    resumed++
    await checkFinal(folder, expected, where)
    folder = newFolder()
    known = new Map()
  }
  console.log(`${resumed} measurements came to their end. The kills came:`)
  for (const [state, count] of [...struck].sort()) console.log(`  ${String(count).padStart(3)} ${state}`)
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadbearing-kills-'))
  folders.push(folder)
  return folder
}

async function undisturbed(): Promise<Expected> {
  const folder = newFolder()
  const started = performance.now()
  let pilot = 0
  let lastUnit = 0
  await measure(folder, 1, undefined, (line) => {
    if (line.startsWith('plan 0 of')) pilot = Number(line.split(' ').at(-1))
    if (line.startsWith('unit')) lastUnit = performance.now()
  })
  const ended = performance.now()
  return {
    sums: await readChecksums(folder),
    units: new Set(unitsIn(folder)),
    pilot,
    whole: ended - started,
    ending: ended - lastUnit,
  }
}

/** Any time, after any unit, or when all of a phase is measured: then the phases change, or the tables are written. */
function nextMoment({ whole, ending, units }: Expected): Moment {
  const kind = rng.integer(5)
  if (kind === 0) {
    const milliseconds = rng.uniform() * whole
    return { after: () => true, milliseconds, words: `${milliseconds.toFixed(0)} ms after the plan` }
  }
  if (kind === 1) {
    let left = 1 + rng.integer(units.size / 2)
    const milliseconds = rng.uniform() * 20
    const words = `${milliseconds.toFixed(1)} ms after unit ${left} of the run`
    return { after: (line) => line.startsWith('unit') && --left === 0, milliseconds, words }
  }
  let left = 1 + rng.integer(2)
  const milliseconds = rng.uniform() * ending
  const words = `${milliseconds.toFixed(1)} ms after the end of phase ${left} of the run`
  const isEnd = (line: string): boolean => /^(?:plan|unit) (\d+) of \1$/.test(line)
  return { after: (line) => isEnd(line) && --left === 0, milliseconds, words }
}

/** Begins or resumes the measurement. @returns the signal that ended it, null where it came to its end */
async function measure(
  folder: string,
  threads: number,
  moment?: Moment,
  onLine?: (line: string) => void,
): Promise<NodeJS.Signals | null> {
  const args = ['--conditions=@loadbearing/source', child, folder, '--two-phases', '--threads', String(threads)]
  const measuring = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(measuring, 'exit')
  let timer: NodeJS.Timeout | undefined
  for await (const line of createInterface(measuring.stdout)) {
    onLine?.(line)
    if (timer || !moment?.after(line)) continue
    timer = setTimeout(() => measuring.kill('SIGKILL'), moment.milliseconds)
  }
  await exited
  clearTimeout(timer)
  if (measuring.exitCode !== null && measuring.exitCode !== 0) {
    findings.push(`a measurement failed with exit code ${measuring.exitCode}`)
  }
  return measuring.signalCode
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

function unitsIn(folder: string): string[] {
  return filesIn(folder).filter((file) => file.endsWith('.unit'))
}

/** What was killed, by what it left behind. */
function stateOf(folder: string, { units, pilot }: Expected): string {
  const files = new Set(filesIn(folder))
  const finished = [...units].filter((unit) => files.has(unit))
  const staged = [...files].filter((file) => file.endsWith('.tmp') && !file.startsWith('.measure')).length
  const isDecided = readFileSync(join(folder, '.measure/plan.json'), 'utf8').includes('"decision"')
  if (finished.length === units.size) {
    if (files.has('SHA256SUMS')) return 'after the tables'
    const named = [...files].filter((file) => file.endsWith('.arrow')).length
    if (named > 0) return 'while the tables took their names'
    return staged > 0 ? 'while the tables were written' : 'before the tables were written'
  }
  if (isDecided) return 'in the second phase'
  return finished.length === pilot ? 'between the phases' : 'in the pilot'
}

/** Every unit is whole, and those that were there are untouched. @returns what tells them from others measured anew */
function checkUnits(folder: string, known: ReadonlyMap<string, string>, where: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const unit of unitsIn(folder)) {
    const bytes = readFileSync(join(folder, unit))
    const { ino, mtimeMs } = statSync(join(folder, unit))
    found.set(unit, `${ino} ${mtimeMs} ${sha256(bytes)}`)
    try {
      deserialize(bytes)
    } catch {
      findings.push(`${where}: ${unit} is half-written`)
    }
  }
  for (const [unit, before] of known) {
    if (found.get(unit) !== before) findings.push(`${where}: ${unit} was finished, and is lost or was measured again`)
  }
  return found
}

/** Every table under its final name is whole. */
function checkTables(folder: string, { sums }: Expected, where: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.arrow'))) {
    const bytes = readFileSync(join(folder, name))
    if (name === costs) decodeRows(tables.runs, bytes, name)
    else if (sha256(bytes) !== sums.get(name)) findings.push(`${where}: ${name} is half-written or has other bytes`)
  }
}

async function checkFinal(folder: string, { sums, units }: Expected, where: string): Promise<void> {
  const own = await readChecksums(folder)
  for (const [name, sum] of sums) {
    if (name !== costs && own.get(name) !== sum) findings.push(`${where}: ${name} has other bytes in the end`)
  }
  if (own.size !== sums.size) findings.push(`${where}: there are ${own.size} tables in the end, not ${sums.size}`)
  const { findings: unsound } = await verifyFolder(folder)
  for (const { message } of unsound) findings.push(`${where}: ${message}`)
  const files = filesIn(folder)
  for (const file of files.filter((each) => each.endsWith('.tmp') || each.endsWith('lock'))) {
    findings.push(`${where}: ${file} is left in the end`)
  }
  const count = files.filter((each) => units.has(each)).length
  if (count !== units.size) findings.push(`${where}: there are ${count} units in the end, not ${units.size}`)
}
