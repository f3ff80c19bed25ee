import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import type { Row } from '@loadbearing/dataset'

/** What a run ran on. */
export interface Machine {
  readonly processor: string
  readonly platform: string
  readonly node: string
  readonly engine: string
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    engine: forwardEngine(),
  }
}

/** What runs networks forward. */
export function forwardEngine(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return `onnxruntime-node ${version}`
}

/** What a piece of work took: wall-clock seconds, and processor seconds of all threads. */
export interface Metered {
  readonly seconds: number
  readonly cpuSeconds: number
}

export const noCost: Metered = { seconds: 0, cpuSeconds: 0 }

export function withCost(before: Metered, next: Metered): Metered {
  return { seconds: before.seconds + next.seconds, cpuSeconds: before.cpuSeconds + next.cpuSeconds }
}

/** Starts measuring the time of this process. @returns what it took so far */
export function startMeter(): () => Metered {
  const started = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 }
  }
}

/** Watches the resident memory of this process. @returns what ends the watch and says how many bytes above its start there were at most */
export function watchMemory(): () => number {
  const idle = process.memoryUsage.rss()
  let peak = idle
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(sample, 20)
  timer.unref()
  return () => {
    clearInterval(timer)
    sample()
    return peak - idle
  }
}

/** What was asked of engines. */
export interface Effort {
  /** Different images that were run. */
  readonly examples: number
  /** Forward passes of one image, through the whole network or what lies behind a layer. */
  readonly forwards: number
  /** Backward passes of one image. A Hessian product takes two of every image: back, and back through both passes. */
  readonly backwards: number
  /** What ran the network, with versions; null where nothing did. */
  readonly engine: string | null
}

export interface Cost extends Metered, Effort {
  /** Bytes of resident memory above idle; null where nobody measured. */
  readonly peakMemory: number | null
  readonly threads: number
}

/** A row of the table of costs. */
export function runRow(
  kind: 'measure' | 'score',
  modelId: number | null,
  criterionId: number | null,
  cost: Cost,
): Row<'runs'> {
  return {
    kind,
    model_id: modelId,
    criterion_id: criterionId,
    seconds: cost.seconds,
    cpu_seconds: cost.cpuSeconds,
    peak_memory: cost.peakMemory,
    examples: cost.examples,
    forwards: cost.forwards,
    backwards: cost.backwards,
    threads: cost.threads,
    ...machine(),
    engine: cost.engine,
  }
}
