// nx-ignore-next-line
import type { Spent } from '../../bench/bench/race.ts'

/** What every contender is given: a network, and a batch of examples with their classes. */
export interface Work {
  /** The ONNX file, base64. */
  readonly model: string
  readonly shape: readonly number[]
  /** float32, base64. */
  readonly examples: string
  readonly labels: readonly number[]
}

/** What a contender is asked, a line of JSON each. */
export type Question = ({ readonly do: 'load' } & Work) | { readonly do: 'run' } | { readonly do: 'gradients' }

/** That it is ready, on what; or why it cannot run. */
export type Loaded = { readonly engine: string } | { readonly missing: string }

/** What one batch took, forward and backward. */
export interface Ran {
  readonly spent: Spent
}

/** The gradient of the mean loss by layer, in the layout of the file: float32, base64. */
export type Gradients = Readonly<Record<string, string>>

export function encoded({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

export function floatsFrom(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)
}
