import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import {
  DatasetError,
  EngineError,
  InputError,
  type LoadbearingError,
  ModelError,
  PluginError,
} from '@loadbearing/core'
import type { Answer, Job } from './measure-worker.ts'

export interface PoolOptions {
  readonly threads: number
  readonly signal: AbortSignal | undefined
}

/** Worker threads that stay between one list of jobs and the next, with what they have loaded. */
export interface Pool {
  /**
   * Runs jobs in order of the list, each worker asking for the next when it is done.
   *
   * @throws what a job failed with; EngineError when a worker dies twice on a job; the signal's reason when it is aborted. What was
   *   finished is on disk.
   */
  readonly run: (jobs: readonly Job[], onFinished: (job: Job) => void) => Promise<void>
  /** Lets every worker end the run it is in. */
  readonly close: () => Promise<void>
}

// tsc rewrites imports, not this: from sources the worker is TypeScript, when compiled it is JavaScript.
const workerUrl = new URL(`./measure-worker${extname(import.meta.url)}`, import.meta.url)

/** Workers start when there is a job for them. Whoever opens a pool closes it, also when a run throws. */
export function openPool({ threads, signal }: PoolOptions): Pool {
  const workers = new Set<Worker>()
  const idle: Worker[] = []
  let over = false

  const start = (): Worker => {
    const worker = new Worker(workerUrl)
    workers.add(worker)
    return worker
  }
  const serve = async (queue: Job[], deaths: Map<number, number>, onFinished: (job: Job) => void): Promise<void> => {
    let worker: Worker | undefined
    for (let job = queue.shift(); job; job = queue.shift()) {
      worker ??= idle.pop() ?? start()
      const outcome = await answerOf(worker, job)
      // A worker that is ended because all is over leaves its job undone.
      if (over) return
      if (outcome === 'died') {
        workers.delete(worker)
        worker = undefined
        const count = (deaths.get(job.id) ?? 0) + 1
        deaths.set(job.id, count)
        if (count > 1)
          throw new EngineError(
            `A worker died twice while measuring layer '${job.layer}' of ${job.source.reference}.`,
            {
              hint: 'There may be too little memory: try fewer --threads. The same command goes on where it stopped.',
            },
          )
        queue.unshift(job)
      } else if (outcome.failure) throw revive(outcome.failure)
      else onFinished(job)
    }
    if (worker) idle.push(worker)
  }

  return {
    async run(jobs, onFinished) {
      const queue = [...jobs]
      const deaths = new Map<number, number>()
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
      await Promise.all([...workers].map(stop))
    },
  }
}

/** Lets a worker finish the run it is in. */
async function stop(worker: Worker): Promise<void> {
  const gone = new Promise((resolve) => worker.once('exit', resolve))
  worker.postMessage('stop')
  await gone
}

function answerOf(worker: Worker, job: Job): Promise<Answer | 'died'> {
  return new Promise((resolve) => {
    const answered = (answer: Answer): void => settle(answer)
    const died = (): void => settle('died')
    const settle = (outcome: Answer | 'died'): void => {
      worker.off('message', answered).off('error', died).off('exit', died)
      resolve(outcome)
    }
    worker.on('message', answered).on('error', died).on('exit', died)
    worker.postMessage(job)
  })
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
