import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const launcher = fileURLToPath(new URL('../bin/loadbearing.js', import.meta.url))

const { FORCE_COLOR: _, ...inherited } = process.env

// Sources are compiled once, not once a command. A test runner may force colours, and Node warns where they are forced and refused.
const env = { ...inherited, NO_COLOR: '1', NODE_COMPILE_CACHE: join(tmpdir(), 'loadbearing-compile-cache') }

/** How a command ended, and all it said. */
export interface Ended {
  /** Null where a signal ended the process. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** The folder it is given in. */
  readonly cwd: string
  /** Called whenever the command says something on stderr, with all of it so far. */
  readonly onStderr?: (stderr: string, child: ChildProcess) => void
  /** The most bytes that a file may grow to, as on a disk that is full from there on. */
  readonly fileSize?: number
  /** npm packages that it must not find. */
  readonly without?: readonly string[]
}

const hiding = new URL('hidden-packages.mjs', import.meta.url).href

/** Gives the real command, from its sources, as a shell does. */
export function loadbearing(parameters: readonly string[], options: CommandOptions): Promise<Ended> {
  const { cwd, onStderr, fileSize, without } = options
  const words = [process.execPath, launcher, ...parameters]
  const limited =
    fileSize === undefined
      ? words
      : ['bash', '-c', `ulimit -f ${Math.ceil(fileSize / 1024)}; exec "$@"`, 'bash', ...words]
  const child = spawn(limited[0]!, limited.slice(1), {
    cwd,
    env: without ? { ...env, NODE_OPTIONS: `--import=${hiding}`, HIDDEN_PACKAGES: without.join() } : env,
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
    onStderr?.(stderr, child)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** What a command that must succeed printed. */
export async function output(parameters: readonly string[], options: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await loadbearing(parameters, options)
  expect(code, stderr).toBe(0)
  return stdout
}

/** The value that a command prints with --json, and nothing else. */
export async function jsonOutput(parameters: readonly string[], options: CommandOptions): Promise<unknown> {
  return JSON.parse(await output([...parameters, '--json'], options))
}

/** What a person reads of an error. */
export interface Complaint {
  readonly sentence: string | RegExp
  readonly hint: string | RegExp
}

/**
 * Expects that a command refuses: one sentence, one hint, exit code 1, nothing on stdout; no stack but for --debug; and the same as one
 * line of JSON with --json.
 */
export async function expectRefusal(
  parameters: readonly string[],
  { code, sentence, hint }: Complaint & { readonly code: string },
  options: CommandOptions,
): Promise<void> {
  const plain = await loadbearing(parameters, options)
  const asJson = await loadbearing([...parameters, '--json', '--debug'], options)
  expect([plain.code, plain.stdout, asJson.code, asJson.stdout]).toEqual([1, '', 1, ''])
  const said = plain.stderr.trimEnd().split('\n').slice(-2)
  expect(said).toEqual([expect.stringMatching(whole('Error: ', sentence)), expect.stringMatching(whole('', hint))])
  expect(plain.stderr).not.toMatch(/^ +at /m)
  const { error } = JSON.parse(asJson.stderr.trimEnd().split('\n').at(-1)!) as { error: Record<string, unknown> }
  expect(error).toEqual({
    code,
    message: expect.stringMatching(whole('', sentence)) as string,
    hint: expect.stringMatching(whole('', hint)) as string,
    stack: expect.stringMatching(/^ +at /m) as string,
  })
}

function whole(start: string, text: string | RegExp): RegExp {
  const source = typeof text === 'string' ? text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : text.source
  return new RegExp(`^${start}${source}$`)
}
