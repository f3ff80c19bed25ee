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
  readonly onFinished: (job: Job) => void
}

// tsc rewrites imports, not this: from sources the worker is TypeScript, when compiled it is JavaScript.
const workerUrl = new URL(`./measure-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Runs jobs in order of the list on worker threads, each of which asks for the next when it is done.
 *
 * @throws what a job failed with; EngineError when a worker dies twice on a job; the signal's reason when it is aborted. Workers are
 *   gone when it throws, and what was finished is on disk.
 */
export async function runJobs(jobs: readonly Job[], { threads, signal, onFinished }: PoolOptions): Promise<void> {
  const queue = [...jobs]
  const deaths = new Map<number, number>()
  const workers = new Set<Worker>()
  let over = false

  const serve = async (): Promise<void> => {
    let worker: Worker | undefined
    for (let job = queue.shift(); job; job = queue.shift()) {
      worker ??= start()
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
  }
  const start = (): Worker => {
    const worker = new Worker(workerUrl)
    workers.add(worker)
    return worker
  }

  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason as Error)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
  })
  try {
    await Promise.race([aborted, Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, serve))])
  } finally {
    over = true
    queue.length = 0
    if (abort) signal?.removeEventListener('abort', abort)
    await Promise.all([...workers].map(stop))
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
