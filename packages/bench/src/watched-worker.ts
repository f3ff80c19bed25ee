import { extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Answer, Job } from './measure-worker.ts'
import { type Doing, signsOfLife } from './signs-of-life.ts'

/** A worker thread that is noticed when it dies, and ended when it does not come back. */
export interface WatchedWorker {
  /** Has a job done; one at a time. */
  readonly ask: (job: Job) => Promise<Answer | Death>
  /** Lets it end the run it is in; where that is a perturbation that takes its time, not for long. */
  readonly stop: () => Promise<void>
  readonly isGone: () => boolean
}

/** How a worker came to its end. */
export interface Death {
  readonly kind: 'memory' | 'perturbation' | 'computer'
  /** What happened, as the end of a sentence. */
  readonly how: string
}

/**
 * How long a worker may give no sign of life: it gives one before and after every run of a cell. The longest silence on the same model
 * after which one went on is an honest measure of how slow that model is here.
 */
export interface Patience {
  /** Seconds that opening a model, or running all of it on a chunk, may take at least. */
  readonly opening: number
  /** Seconds that anything else may take at least. */
  readonly least: number
  /** So many times as long as the longest silence before, a worker may be silent too. */
  readonly times: number
}

const sources: Readonly<Record<Doing, string>> = {
  opening: 'opening the model',
  engine: 'onnxruntime',
  perturbation: 'the perturbation',
  writing: 'writing the result',
}

// tsc rewrites imports, not this: from sources the worker is TypeScript, when compiled it is JavaScript.
const workerUrl = new URL(`./measure-worker${extname(import.meta.url)}`, import.meta.url)

/** @param longest the longest silences that ended well, in seconds, by the model's reference; the workers of a pool share it */
export function startWorker({ opening, least, times }: Patience, longest: Map<string, number>): WatchedWorker {
  /** Seconds that something which should end at once may take. */
  const grace = Math.min(5, least)
  const signs = signsOfLife()
  const worker = new Worker(workerUrl, { workerData: signs.memory })
  let death: Death | undefined
  let model = ''
  let answered: ((outcome: Answer | Death) => void) | undefined
  let leave = (): void => undefined
  const gone = new Promise<void>((resolve) => (leave = resolve))

  /** It is as good as gone: nobody waits for it any more. */
  const bury = (its: Death): void => {
    death ??= its
    answered?.(death)
    leave()
  }
  worker.on('message', (answer: Answer) => answered?.(answer))
  let thrown: Death | undefined
  worker.on('error', (error: unknown) => {
    const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
    thrown =
      code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? { kind: 'memory', how: 'it ran out of memory' }
        : { kind: 'perturbation', how: `something in it threw outside of its run: ${message}` }
  })
  worker.on('exit', (code) => {
    bury(thrown ?? { kind: 'perturbation', how: `something in it ended its thread with exit code ${code}` })
  })

  const bound = (doing: Doing): number =>
    Math.max(doing === 'opening' ? opening : least, times * (longest.get(model) ?? 0))

  /** Ends a worker that is silent for too long. @returns what ends the watch */
  const watch = (limit: (doing: Doing) => number): (() => void) => {
    // Counted in ticks, not by a clock: while the computer or the process sleeps, nobody is silent.
    const tick = Math.min(1, least / 20)
    let count = signs.count()
    let silent = 0
    const timer = setInterval(() => {
      if (signs.count() !== count) {
        longest.set(model, Math.max(longest.get(model) ?? 0, silent))
        count = signs.count()
        silent = 0
        return
      }
      silent += tick
      const doing = signs.doing()
      if (silent <= limit(doing)) return
      clearInterval(timer)
      void end(doing, silent)
    }, 1000 * tick)
    return () => clearInterval(timer)
  }
  const end = async (doing: Doing, silent: number): Promise<void> => {
    const time = silent < 120 ? `${silent.toFixed(0)} seconds` : `${(silent / 60).toFixed(0)} minutes`
    const its: Death = {
      kind: doing === 'perturbation' ? 'perturbation' : 'computer',
      how: `nothing came back from ${sources[doing]} for ${time}`,
    }
    thrown ??= its
    // A thread that is torn down while onnxruntime works takes the whole process with it.
    if (doing === 'perturbation') {
      await Promise.race([worker.terminate(), delay(1000 * grace, undefined, { ref: false })])
    }
    if (death) return
    // Where it comes back after all, it ends by itself.
    worker.postMessage('stop')
    abandon(worker)
    bury(its)
  }

  return {
    async ask(job) {
      if (death) return death
      model = job.source.reference
      signs.give('opening')
      const stopWatching = watch(bound)
      const outcome = new Promise<Answer | Death>((resolve) => (answered = resolve))
      worker.postMessage(job)
      try {
        return await outcome
      } finally {
        stopWatching()
        answered = undefined
      }
    },
    async stop() {
      if (death) return
      worker.postMessage('stop')
      const stopWatching = watch((doing) => (doing === 'perturbation' ? grace : bound(doing)))
      await gone
      stopWatching()
    },
    isGone: () => death !== undefined,
  }
}

/**
 * A thread inside of a native call cannot be ended, and Node waits for its threads when it exits: for one that never comes back, for ever.
 * Where one is left then, the process ends without it.
 */
function abandon(worker: Worker): void {
  const endProcess = (): void => void process.kill(process.pid, 'SIGKILL')
  process.once('exit', endProcess)
  worker.once('exit', () => process.off('exit', endProcess))
  worker.unref()
}
