import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Said } from './check-process.ts'
import type { Part } from './part.ts'

/** How a part is. */
export interface Checked extends Pick<Part, 'name' | 'use' | 'needed'> {
  readonly works: boolean
  /** Null where it does not load. */
  readonly version: string | null
  readonly threads: number | null
  /** Why it does not work, and what to do about it. */
  readonly why: string | null
  readonly advice: string | null
}

const isCheckout = existsSync(new URL('../../../../tools/setup-native.sh', import.meta.url))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const script = fileURLToPath(new URL(`./check-process.${extension}`, import.meta.url))

/** A library that waits for something for longer than this works for nobody. */
const patience = 60_000

/** Checks a part in a process of its own: a native library may end its process, and TensorFlow.js has one engine in each. */
export async function checked({ name, use, needed, advice }: Part): Promise<Checked> {
  const said = await new Promise<Said>((resolve) => {
    const child = fork(script, [name], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: patience })
    let last: Said | undefined
    child.on('message', (message) => (last = message as Said))
    child.on('error', ({ message }) => resolve({ why: message }))
    child.on('exit', (code, signal) => {
      resolve(last ?? { why: `It ended its process with ${signal ?? `code ${String(code)}`}.` })
    })
  })
  const about = { name, use, needed }
  if ('version' in said) return { ...about, works: true, ...said, why: null, advice: null }
  return { ...about, works: false, version: null, threads: null, why: said.why, advice: advice(isCheckout) }
}
