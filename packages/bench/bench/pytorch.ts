import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EngineError, type Layer, type Tensor } from '@loadbearing/core'
import type { BenchModel } from '../src/index.ts'
import type { Spent } from './race.ts'

const script = join(import.meta.dirname, 'pytorch.py')

/** Eager is what one writes first; strong has channels_last and is compiled. */
export type Way = 'eager' | 'strong'

/** PyTorch in a process of its own, with one network and one chunk of images at a time. Its clock stands still between runs. */
export interface PyTorch {
  readonly version: string
  /**
   * Loads and compiles a network, and finds the batch size that suits each way best.
   *
   * @param inputs images to try it on
   * @param sizes to try, divisors of the number of images
   * @returns the batch sizes
   */
  readonly load: (model: BenchModel, inputs: Tensor, sizes: readonly number[]) => Promise<Readonly<Record<Way, number>>>
  /** Takes up a chunk of images, as many as the network was loaded with. */
  readonly take: (inputs: Tensor) => Promise<void>
  /** Logits of the chunk, image by image, with `weight` in the layer's place. */
  readonly run: (way: Way, layer: Layer, weight: Tensor) => Promise<{ made: Float32Array; spent: Spent }>
  readonly close: () => void
}

/** @returns undefined where there is no such Python, or it has no PyTorch */
export async function openPyTorch(python: string): Promise<PyTorch | undefined> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stdin.on('error', () => undefined)
  const isThere = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true)).once('error', () => resolve(false))
  })
  if (!isThere) return undefined

  const answer = async (): Promise<unknown> => {
    const line = await lines.next()
    if (line.done) throw new EngineError('PyTorch ended without an answer.', { hint: 'Above stands what it said.' })
    return JSON.parse(line.value)
  }
  const ask = (message: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(message)}\n`)
    return answer()
  }
  const { version } = (await answer()) as { version?: string }
  if (version === undefined) return undefined
  return {
    version,
    async load({ bytes }, inputs, sizes) {
      const answered = await ask({ do: 'load', model: base64(bytes), ...encoded(inputs), sizes })
      return (answered as { batches: Record<Way, number> }).batches
    },
    async take(inputs) {
      await ask({ do: 'take', ...encoded(inputs) })
    },
    async run(way, { name }, weight) {
      const { logits, spent } = (await ask({ do: 'run', way, layer: name, ...encoded(weight) })) as {
        logits: string
        spent: Spent
      }
      const bytes = Uint8Array.from(Buffer.from(logits, 'base64'))
      return { made: new Float32Array(bytes.buffer), spent }
    },
    close: () => child.stdin.end(),
  }
}

function encoded({ shape, data }: Tensor): { shape: readonly number[]; data: string } {
  return { shape, data: base64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) }
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}
