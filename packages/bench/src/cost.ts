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
  /** Bytes above the start, at most. */
  readonly peakMemory: number
  /** Bytes above the start, now. */
  readonly heldMemory: number
}

export const noCost: Metered = { seconds: 0, cpuSeconds: 0, peakMemory: 0, heldMemory: 0 }

/** The cost of one piece of work and the next, which holds on to what the one before it holds. */
export function withCost(before: Metered, next: Metered): Metered {
  return {
    seconds: before.seconds + next.seconds,
    cpuSeconds: before.cpuSeconds + next.cpuSeconds,
    peakMemory: Math.max(before.peakMemory, before.heldMemory + next.peakMemory),
    heldMemory: before.heldMemory + next.heldMemory,
  }
}

/** What a piece of work cost so far: seconds, processor seconds (all threads) and bytes of resident memory. */
export interface Meter {
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
        heldMemory: process.memoryUsage.rss() - idle,
      }
    },
    stop: () => clearInterval(timer),
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

export interface Cost extends Omit<Metered, 'heldMemory'>, Effort {
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
