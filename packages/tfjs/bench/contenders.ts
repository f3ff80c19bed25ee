import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EngineError } from '@loadbearing/core'
import type { Gradients, Loaded, Question, Ran, Work } from './work.ts'

/** A contender in a process of its own, whose clock stands still while others run. */
export interface Process {
  readonly load: (work: Work) => Promise<Loaded>
  readonly run: () => Promise<Ran>
  readonly gradients: () => Promise<Gradients>
  readonly close: () => void
}

export const titles = {
  native: '**ours, native**',
  wasm: '**ours, WebAssembly**',
  handNative: 'by hand, native as it comes',
  handWasm: 'by hand, WebAssembly with our kernels',
  stockWasm: 'by hand, WebAssembly as it comes',
  pytorch: 'PyTorch, eager',
} as const

export type Name = keyof typeof titles

export const names = Object.keys(titles) as Name[]

const parameters: Readonly<Record<Exclude<Name, 'pytorch'>, readonly string[]>> = {
  native: ['ours', 'tfjs-node'],
  wasm: ['ours', 'tfjs-wasm'],
  handNative: ['hand', 'stock-node'],
  handWasm: ['hand', 'tfjs-wasm'],
  stockWasm: ['hand', 'stock-wasm'],
}

/** @param python the one that has PyTorch */
export function open(name: Name, python: string): Process {
  const script = (file: string): string => join(import.meta.dirname, file)
  const [program, given] =
    name === 'pytorch'
      ? [python, [script('pytorch.py')]]
      : [process.execPath, ['--conditions=@loadbearing/source', script('contender.ts'), ...parameters[name]]]
  const child = spawn(program, given, { stdio: ['pipe', 'pipe', 'ignore'] })
  let failure = 'it ended without an answer'
  child.on('error', ({ message }) => (failure = message))
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: Question): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const line = await lines.next()
    if (line.done) throw new EngineError(`${titles[name]}: ${failure}.`)
    return JSON.parse(line.value)
  }
  return {
    load: async (work) => {
      try {
        return (await ask({ do: 'load', ...work })) as Loaded
      } catch (error) {
        return { missing: (error as Error).message }
      }
    },
    run: async () => (await ask({ do: 'run' })) as Ran,
    gradients: async () => (await ask({ do: 'gradients' })) as Gradients,
    close: () => child.stdin.end(),
  }
}
