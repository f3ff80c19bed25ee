import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import type { ModelSource } from './model-source.ts'
import type { PluginPlace } from './registry.ts'

/** A criterion to score one model with, small enough to hand to a process. */
export interface MemoryJob {
  readonly source: ModelSource
  readonly cifar10: string | undefined
  readonly batch: number | undefined
  readonly criterion: PluginPlace
  readonly options: Readonly<Record<string, unknown>>
  /** What an aware criterion is scored for; none where the model has no level. */
  readonly level: { readonly perturbation: PluginPlace; readonly intensity: number } | undefined
}

/** Bytes of resident memory above idle, at most; or the sentence that says why nobody knows. */
export type PeakMemory = { readonly bytes: number } | { readonly failure: string }

// tsc rewrites imports, not this: from sources the child is TypeScript, when compiled it is JavaScript.
const childUrl = new URL(`./peak-memory-child${extname(import.meta.url)}`, import.meta.url)

export interface PeakMemoryOptions {
  /** Processes at once; one a core by default. */
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** @param job its place in the list */
  readonly onKnown: (job: number, memory: PeakMemory) => void
}

/**
 * What scoring takes of memory: each job in a process of its own, since one process keeps what engines have grown to, and criteria after
 * the first would seem to need nothing. Idle is that process with the model loaded and no engine open.
 *
 * @returns in the order of the jobs
 * @throws the signal's reason when aborted
 */
export async function peakMemories(
  jobs: readonly MemoryJob[],
  { threads = availableParallelism(), signal, onKnown }: PeakMemoryOptions,
): Promise<PeakMemory[]> {
  const known: PeakMemory[] = []
  const waiting = jobs.entries()
  const work = async (): Promise<void> => {
    for (const [place, job] of waiting) {
      signal?.throwIfAborted()
      known[place] = await peakMemoryOf(job, signal)
      onKnown(place, known[place])
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return known
}

async function peakMemoryOf(job: MemoryJob, signal: AbortSignal | undefined): Promise<PeakMemory> {
  const child = fork(childUrl, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const end = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', end, { once: true })
  let answer: PeakMemory | undefined
  child.on('message', (message: PeakMemory) => (answer = message))
  try {
    child.send(job)
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    answer ??= { failure: `its process ended with ${killedBy ?? `exit code ${code}`}` }
  } catch (error) {
    answer = { failure: `no process could be started: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    signal?.removeEventListener('abort', end)
  }
  signal?.throwIfAborted()
  return answer
}
