import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'
import { readModel } from '@loadbearing/onnx'
import type { BenchModel } from '../src/model.ts'
import { floatNetwork, node } from './float-network.ts'

const shape = [2, 4, 4]
const size = 32
const classes = 3

/** Numbers from −1 to 1 by Park and Miller's generator. */
export function drawn(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647
    return (state / 2147483647 - 0.5) * 2
  })
}

/** What a tiny network is made of, where it differs from the usual. */
export interface TinyWeights {
  readonly first?: readonly number[]
  readonly bias?: readonly number[]
  readonly second?: readonly number[]
}

export const convolution = drawn(7, 36)

/** Two convolutions of two channels, ReLU behind each, and a matrix: three layers. */
export function tinyNetwork({ first = convolution, bias = [0.1, -0.1], second = convolution }: TinyWeights = {}) {
  const conv = (input: readonly string[], output: string): onnx.INodeProto => ({
    ...node('Conv', [...input], output),
    attribute: [{ name: 'pads', type: onnxProto.onnx.AttributeProto.AttributeType.INTS, ints: [1, 1, 1, 1] }],
  })
  return floatNetwork({
    input: shape,
    nodes: [
      conv(['x', 'first', 'bias'], 'a'),
      node('Relu', ['a'], 'b'),
      conv(['b', 'second'], 'c'),
      node('Relu', ['c'], 'd'),
      node('Flatten', ['d'], 'e'),
      node('MatMul', ['e', 'third'], 'y'),
    ],
    weights: {
      first: { dims: [2, 2, 3, 3], values: first },
      bias: { dims: [2], values: bias },
      second: { dims: [2, 2, 3, 3], values: second },
      third: { dims: [size, classes], values: drawn(11, size * classes) },
    },
  })
}

/** A matrix alone: one layer. */
export function oneLayer(): Uint8Array {
  const third = { dims: [size, classes], values: drawn(11, size * classes) }
  return floatNetwork({
    input: shape,
    nodes: [node('Flatten', ['x'], 'e'), node('MatMul', ['e', 'third'], 'y')],
    weights: { third },
  })
}

export interface TinyData {
  /** An example after the other; drawn, as many as there are labels. */
  readonly examples?: readonly number[]
  readonly labels?: readonly number[]
}

/** The network with numbers in place of images, the same ones for either part of the data. */
export async function tinyModel(
  bytes: Uint8Array,
  { labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], examples = drawn(3, labels.length * size) }: TinyData = {},
): Promise<BenchModel> {
  const fingerprint = async (): Promise<string> => 'drawn'
  const images = {
    kind: 'numbers' as const,
    name: 'drawn',
    fingerprint,
    count: labels.length,
    labels: Int32Array.from(labels),
    classes: [],
    shape,
    read: async (indices: readonly number[]) =>
      Float32Array.from(indices.flatMap((index) => examples.slice(index * size, (index + 1) * size))),
  }
  return {
    source: { reference: 'tiny.onnx' },
    name: 'tiny',
    title: 'tiny',
    family: 'tiny',
    licence: null,
    bytes,
    onnx: await readModel(bytes, { name: 'tiny' }),
    data: 'drawn',
    dataFingerprint: fingerprint,
    images: async () => images,
    preprocessing: { scale: 1, mean: [0], std: [1] },
    notes: [],
  }
}

/** Criteria that run the network on something else than examples. */
export const withoutExamples: readonly string[] = ['synflow', 'synflow-mean', 'zeroq-random']
