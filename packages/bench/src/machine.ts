import { createRequire } from 'node:module'
import { cpus } from 'node:os'

/** What a run ran on. */
export interface Machine {
  readonly processor: string
  readonly platform: string
  readonly node: string
  readonly engine: string
}

export function machine(): Machine {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    engine: `onnxruntime-node ${version}`,
  }
}

/** What a piece of work cost so far. */
export interface Meter {
  /** Seconds, processor seconds (all threads) and bytes of resident memory above the start. */
  readonly read: () => { readonly seconds: number; readonly cpuSeconds: number; readonly peakMemory: number }
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
