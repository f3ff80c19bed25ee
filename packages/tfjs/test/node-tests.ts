import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Constant, Program } from '@loadbearing/onnx'

interface Stored {
  readonly type: 'f4' | 'i4' | 'u1'
  readonly shape: readonly number[]
  /** Little-endian, in base64. */
  readonly data: string
}

/** A test of one operator by the ONNX project: tools/reference/node_tests.py. */
export interface NodeTest {
  readonly name: string
  readonly opset: number
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, number | string | readonly number[] | Stored>>
  readonly given: Readonly<Record<string, Stored>>
  readonly expected: Readonly<Record<string, Stored>>
}

const file = gunzipSync(readFileSync(new URL('fixtures/node-tests.json.gz', import.meta.url)))

export const { onnx, tests } = JSON.parse(file.toString()) as {
  /** The version of the ONNX project's package. */
  readonly onnx: string
  readonly tests: readonly NodeTest[]
}

export function constantOf({ type, shape, data }: Stored): Constant {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
  const values = { f4: () => new Float32Array(bytes.buffer), i4: () => new Int32Array(bytes.buffer), u1: () => bytes }
  return { shape, data: values[type]() }
}

/** The test's node as a network. */
export function programOf({ name, opset, op, inputs, outputs, attributes }: NodeTest): Program {
  const read = Object.entries(attributes).map(([key, value]) => {
    const isTensor = typeof value === 'object' && 'data' in value
    return [key, isTensor ? constantOf(value) : value] as const
  })
  return {
    opset,
    operations: [{ name, op, inputs, outputs, attributes: new Map(read) }],
    constants: new Map(),
    feeds: () => new Map(),
    stored: (_, values) => values,
    weightRead: ({ name: layer }) => layer,
  }
}
