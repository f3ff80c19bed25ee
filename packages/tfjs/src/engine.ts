import util from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { getThreadsCount, version_wasm } from '@tensorflow/tfjs-backend-wasm'
import { EngineError } from '@loadbearing/core'
import { registerFirstGradients } from './kernels/first-gradients.ts'
import { registerNativeGradients } from './kernels/native.ts'
import { registerSecondGradients } from './kernels/second-gradients.ts'
import { registerWasmKernels } from './kernels/wasm.ts'

/** What computes gradients. */
export interface Engine {
  /** The native binding of TensorFlow, or WebAssembly. */
  readonly name: 'tfjs-node' | 'tfjs-wasm'
  /** Of TensorFlow.js; of the native binding, TensorFlow's own behind it. */
  readonly version: string
  readonly threads: number
  /** Why the native binding is not what runs, in a few words. */
  readonly missing?: string
}

export interface EngineOptions {
  /** For the native binding, which reads it once: the first call decides. WebAssembly has one thread in Node. */
  readonly threads?: number | undefined
  /** The one engine to take, where it must not be another; what the environment's LOADBEARING_ENGINE names, where it names one. */
  readonly only?: Engine['name'] | undefined
}

let opened: Promise<Engine> | undefined

/**
 * Loads `@tensorflow/tfjs-node` where it is set up, WebAssembly otherwise; TensorFlow.js's backend in plain JavaScript never runs.
 * Once a process: later calls give the same engine.
 *
 * @throws EngineError when neither loads, or not the one that is asked for
 */
export async function openEngine({ threads, only = environmentEngine() }: EngineOptions = {}): Promise<Engine> {
  opened ??= load({ threads, only })
  const engine = await opened
  if (only === undefined || only === engine.name) return engine
  throw new EngineError(`${engine.name} computes gradients in this process already, so that ${only} cannot.`, {
    hint: 'Start another process for it.',
  })
}

/** @throws EngineError where it names none that there is */
function environmentEngine(): Engine['name'] | undefined {
  const name = process.env.LOADBEARING_ENGINE
  if (name === undefined || name === '') return undefined
  if (name === 'tfjs-node' || name === 'tfjs-wasm') return name
  throw new EngineError(`LOADBEARING_ENGINE names '${name}', which is no engine.`, {
    hint: 'Name tfjs-node or tfjs-wasm, or leave it out for the best that loads.',
  })
}

async function load({ threads = 1, only }: EngineOptions): Promise<Engine> {
  const engine = only === 'tfjs-wasm' ? { missing: 'WebAssembly is asked for' } : await loadNative(threads)
  registerFirstGradients()
  registerSecondGradients()
  if ('name' in engine) {
    registerNativeGradients()
    return engine
  }
  if (only === 'tfjs-node') {
    throw new EngineError(`The native binding of TensorFlow.js does not load: ${engine.missing}.`, {
      hint: 'npm run setup:native',
    })
  }
  registerWasmKernels()
  const isReady = await withoutListeners(() => tf.setBackend('wasm').catch(() => false))
  if (!isReady || tf.getBackend() !== 'wasm') {
    throw new EngineError('Neither the native binding of TensorFlow.js nor its WebAssembly loads.', {
      hint: 'npm install, then loadbearing doctor.',
    })
  }
  return { name: 'tfjs-wasm', version: version_wasm, threads: getThreadsCount(), missing: engine.missing }
}

/** Runs it, and takes off what it has put between the process and its errors: WebAssembly's loader throws each of them again. */
async function withoutListeners<Made>(run: () => Promise<Made>): Promise<Made> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = new Set(events.flatMap((event) => process.rawListeners(event)))
  const made = await run()
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.has(listener)) process.off(event, listener as () => void)
    }
  }
  return made
}

interface Native {
  readonly version: Readonly<Record<string, string>>
}

async function loadNative(threads: number): Promise<Engine | { readonly missing: string }> {
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads)
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  // tfjs-node uses two functions that Node 22 warns of and Node 23 lacks.
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  })
  try {
    // No import by name: where it is not installed, nothing else depends on it.
    const native = (await import('@tensorflow/tfjs-node')) as unknown as Native
    if (!(await tf.setBackend('tensorflow'))) return { missing: 'it loads, but cannot be used' }
    const { binding } = tf.backend() as unknown as { readonly binding: { readonly TF_Version: string } }
    return {
      name: 'tfjs-node',
      version: `${native.version['tfjs-core'] ?? tf.version_core} (TensorFlow ${binding.TF_Version})`,
      threads: Number(process.env.TF_NUM_INTRAOP_THREADS),
    }
  } catch (error) {
    const words = error instanceof Error ? error.message.trim().replace(/\.$/, '') : String(error)
    return { missing: words.includes('tfjs_binding.node') ? 'it is not set up' : words }
  }
}
