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

export interface Metered {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Bytes. */
  readonly peakMemory: number
}

/** What a piece of work cost so far. */
export interface Meter {
  /** Seconds, processor seconds (all threads) and bytes of resident memory above the start. */
  readonly read: () => Metered
  readonly stop: () => void
}

/** Starts measuring time, processor time and memory of this process. */
export function startMeter(): Meter {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const idle = process.memoryUsage.rss()
  let peak = idle
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(sample, 20)
  timer.unref()
  return {
    read() {
      sample()
      const { user, system } = process.cpuUsage(cpu)
      return {
        seconds: (performance.now() - started) / 1000,
        cpuSeconds: (user + system) / 1e6,
        peakMemory: peak - idle,
      }
    },
    stop: () => clearInterval(timer),
  }
}

export interface Cost extends Metered {
  readonly examples: number
  readonly forwards: number
  readonly backwards: number
  readonly threads: number
  /** What ran the network; null where nothing did. */
  readonly engine: string | null
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
