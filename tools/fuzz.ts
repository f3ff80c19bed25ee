/**
 * Reads damaged files in a process of its own, and fails where one of them ends that process, hangs it, takes more memory than the
 * bound, or ends in an error that is not meant for a person.
 *
 *   npm run fuzz -- --cases 2000 --seed 1                          so many ONNX files, and so many Arrow files
 *   npm run fuzz -- --format onnx --seed 1 --first 17 --cases 1    one case again
 *   npm run fuzz -- --format onnx --seed 1 --first 17 --save FILE  writes the damaged file of a case, and reads nothing
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InputError, rngFrom } from '@loadbearing/core'
import type { Outcome } from './fuzzing/case.ts'
import { runTool } from './run-tool.ts'

/** A case that takes longer hangs. */
const longest = 20_000

/** The most memory that reading one of these small files may take: 2 GiB in all, the runtime and its engine included. */
const mostMemory = 2 ** 31

const formats = ['onnx', 'arrow'] as const
type Format = (typeof formats)[number]

interface Finding {
  /** Repeats the case. */
  readonly command: string
  readonly what: string
  readonly damage: readonly string[]
}

interface Report {
  readonly format: Format
  readonly cases: number
  /** By kind and class. */
  readonly counts: Record<string, number>
  /** Largest memory that a child held, in bytes. */
  peak: number
  readonly findings: Finding[]
}

const { values: given } = parseArgs({
  options: {
    format: { type: 'string' },
    cases: { type: 'string', default: '2000' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    save: { type: 'string' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

await runTool(async () => {
  const asked = formats.filter((format) => given.format === undefined || given.format === format)
  if (asked.length === 0) {
    throw new InputError(`There is no format '${given.format}'.`, { hint: `Choose ${formats.join(' or ')}.` })
  }
  if (given.save !== undefined) return saveCase(asked[0]!, Number(given.first), given.save)
  const reports: Report[] = []
  for (const format of asked) reports.push(await fuzz(format, Number(given.first), Number(given.cases)))
  if (given.json) console.log(JSON.stringify(reports))
  else for (const report of reports) console.log(described(report))
  if (reports.some(({ findings }) => findings.length > 0)) process.exitCode = 1
})

async function saveCase(format: Format, index: number, file: string): Promise<void> {
  const rng = rngFrom('fuzz', format, given.seed, index)
  const { bytes, damage } =
    format === 'onnx'
      ? (await import('./fuzzing/onnx-case.ts')).onnxCase(rng)
      : (await import('./fuzzing/arrow-case.ts')).arrowCase(rng)
  writeFileSync(file, bytes)
  console.log(`${file}: ${damage.join(', ')}`)
}

async function fuzz(format: Format, first: number, cases: number): Promise<Report> {
  const report: Report = { format, cases, counts: {}, peak: 0, findings: [] }
  const find = (index: number, what: string, damage: readonly string[]): void => {
    const command = `npm run fuzz -- --format ${format} --seed ${given.seed} --first ${index} --cases 1`
    report.findings.push({ command, what, damage })
    if (!given.json) console.error(`${command}\n  ${damage.join(', ')}\n  ${what}`)
  }
  let child: Reader | undefined
  for (let index = first; index < first + cases; index++) {
    child ??= await startReader(format)
    const { outcome, ended, peak } = await child.read(index)
    const key = outcome ? `${outcome.kind}: ${outcome.as}` : 'ended'
    report.counts[key] = (report.counts[key] ?? 0) + 1
    report.peak = Math.max(report.peak, peak)
    if (given.verbose) console.error(index, key, outcome?.damage.join(', '), outcome?.message)
    if (outcome?.kind === 'foreign') find(index, outcome.message, outcome.damage)
    if (ended !== undefined) find(index, ended, outcome?.damage ?? (await damageOf(format, index)))
    if (ended !== undefined) child = undefined
  }
  await child?.stop()
  return report
}

/** The damage of a case whose reader could not say it. */
async function damageOf(format: Format, index: number): Promise<readonly string[]> {
  if (format === 'arrow') return []
  const { onnxCase } = await import('./fuzzing/onnx-case.ts')
  return onnxCase(rngFrom('fuzz', format, given.seed, index)).damage
}

interface ReadCase {
  readonly outcome: Outcome | undefined
  /** Why the process is no more; undefined where it lives. */
  readonly ended: string | undefined
  readonly peak: number
}

interface Reader {
  readonly read: (index: number) => Promise<ReadCase>
  readonly stop: () => Promise<void>
}

async function startReader(format: Format): Promise<Reader> {
  const child = fork(join(import.meta.dirname, 'fuzzing/child.ts'), [format, given.seed], {
    execArgv: ['--conditions=@loadbearing/source'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr!.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)))
  const closed = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  await Promise.race([once(child, 'message'), closed.then(() => Promise.reject(new Error(said)))])

  return {
    async read(index) {
      const answered = once(child, 'message') as Promise<[Outcome & { readonly peak: number }]>
      let reason: string | undefined
      let peak = 0
      const end = (why: string): void => {
        reason ??= why
        child.kill('SIGKILL')
      }
      const timer = setTimeout(() => end(`It hung for ${longest / 1000} s.`), longest)
      const watch = setInterval(() => {
        peak = Math.max(peak, memoryOf(child))
        if (peak > mostMemory) end(tooMuch(peak))
      }, 50)
      child.send(index)
      const answer = await Promise.race([answered, closed])
      clearTimeout(timer)
      clearInterval(watch)
      const [first] = answer
      if (typeof first === 'object' && first !== null) {
        peak = Math.max(peak, first.peak)
        if (peak <= mostMemory) return { outcome: first, ended: undefined, peak }
        end(tooMuch(peak))
        await closed
        return { outcome: first, ended: reason, peak }
      }
      const [code, signal] = await closed
      return { outcome: undefined, ended: reason ?? `The process ended (${signal ?? code}): ${said.trim()}`, peak }
    },
    async stop() {
      child.disconnect()
      await closed
    },
  }
}

function tooMuch(bytes: number): string {
  return `It took ${(bytes / 2 ** 30).toFixed(1)} GiB of memory.`
}

/** What a process holds now, in bytes; 0 where the system does not say. */
function memoryOf({ pid }: ChildProcess): number {
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return Number(resident) * 4096
  } catch {
    return 0
  }
}

function described({ format, cases, counts, peak, findings }: Report): string {
  const lines = Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, count]) => `  ${String(count).padStart(6)}  ${what}`)
  const unsound = findings.length === 0 ? 'none ended, hung or failed otherwise' : `${findings.length} findings`
  return [
    `${format}, seed ${given.seed}: ${cases} cases; ${unsound}; at most ${Math.round(peak / 2 ** 20)} MiB`,
    ...lines,
  ].join('\n')
}
