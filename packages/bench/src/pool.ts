import {
  DatasetError,
  EngineError,
  InputError,
  type LoadbearingError,
  ModelError,
  PluginError,
} from '@loadbearing/core'
import type { Answer, Job } from './measure-worker.ts'
import { type Death, type Patience, startWorker, type WatchedWorker } from './watched-worker.ts'

export interface PoolOptions {
  readonly threads: number
  readonly signal: AbortSignal | undefined
  /**
   * How long a worker may be silent: ten minutes, an hour where it opens a model, or 50 times the longest that one was on the same model
   * before it went on.
   */
  readonly patience?: Patience
}

/** Worker threads that stay between one list of jobs and the next, with what they have loaded. */
export interface Pool {
  /**
   * Runs jobs in order of the list, each worker asking for the next when it is done.
   *
   * @throws what a job failed with; EngineError or PluginError when workers die twice on a job, or do not come back from it; the signal's
   *   reason when it is aborted. What was finished is on disk.
   */
  readonly run: (jobs: readonly Job[], onFinished: (job: Job) => void) => Promise<void>
  /** Lets every worker end the run it is in. */
  readonly close: () => Promise<void>
}

/** Workers start when there is a job for them. Whoever opens a pool closes it, also when a run throws. */
export function openPool({ threads, signal, patience = { opening: 3600, least: 600, times: 50 } }: PoolOptions): Pool {
  const workers = new Set<WatchedWorker>()
  const idle: WatchedWorker[] = []
  const longest = new Map<string, number>()
  let over = false

  const start = (): WatchedWorker => {
    const worker = startWorker(patience, longest)
    workers.add(worker)
    return worker
  }
  const serve = async (queue: Job[], deaths: Map<number, Death>, onFinished: (job: Job) => void): Promise<void> => {
    let worker: WatchedWorker | undefined
    for (let job = queue.shift(); job; job = queue.shift()) {
      // Something that a job left behind may have ended it since.
      while (!worker || worker.isGone()) worker = idle.pop() ?? start()
      const outcome = await worker.ask(job)
      // A worker that is ended because all is over leaves its job undone.
      if (over) return
      if ('how' in outcome) {
        workers.delete(worker)
        worker = undefined
        if (deaths.has(job.id)) throw deadly(job, outcome)
        deaths.set(job.id, outcome)
        queue.unshift(job)
      } else if (outcome.failure) throw revive(outcome.failure)
      else onFinished(job)
    }
    if (worker) idle.push(worker)
  }

  return {
    async run(jobs, onFinished) {
      const queue = [...jobs]
      const deaths = new Map<number, Death>()
      let abort: (() => void) | undefined
      const aborted = new Promise<never>((_, reject) => {
        abort = () => reject(signal?.reason as Error)
        if (signal?.aborted) abort()
        signal?.addEventListener('abort', abort, { once: true })
      })
      try {
        const serving = Array.from({ length: Math.min(threads, jobs.length) }, () => serve(queue, deaths, onFinished))
        await Promise.race([aborted, Promise.all(serving)])
      } catch (error) {
        over = true
        throw error
      } finally {
        queue.length = 0
        if (abort) signal?.removeEventListener('abort', abort)
      }
    },
    async close() {
      over = true
      await Promise.all([...workers].map((worker) => worker.stop()))
    },
  }
}

/** What is said of a job that ended two workers. */
function deadly({ perturbation, layer, source }: Job, { kind, how }: Death): LoadbearingError {
  const sentence = `Measuring ${perturbation.name} on layer '${layer}' of ${source.reference} ended a worker twice: ${how}.`
  const onwards = 'The same command goes on where it stopped.'
  switch (kind) {
    case 'memory':
      return new EngineError(sentence, {
        hint: `Try fewer --threads, or see whether ${perturbation.name} keeps what it need not. ${onwards}`,
      })
    case 'computer':
      return new EngineError(sentence, {
        hint: `Check that the computer has processors, memory and a disk to spare, or try fewer --threads. ${onwards}`,
      })
    case 'perturbation':
      return new PluginError(sentence, { hint: `Mend ${perturbation.name}, or measure without it. ${onwards}` })
  }
}

const classes: Readonly<Record<string, new (message: string, details: { hint?: string }) => LoadbearingError>> = {
  input: InputError,
  model: ModelError,
  plugin: PluginError,
  dataset: DatasetError,
  engine: EngineError,
}

/** An error that crossed from a worker, in its class again. */
function revive({ code, message, hint }: NonNullable<Answer['failure']>): LoadbearingError {
  return new (classes[code] ?? EngineError)(message, hint === undefined ? {} : { hint })
}
