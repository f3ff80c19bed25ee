import onnxProto, { type onnx } from 'onnx-proto'
import * as ort from 'onnxruntime-node'
import { rngFrom, sizeOf, type Tensor } from '@loadbearing/core'

const proto = onnxProto.onnx
const { AttributeType } = proto.AttributeProto
const { DataType } = proto.TensorProto

export type AttributeValue = number | string | readonly number[] | { readonly float: number }

/** A node of a test graph: what it does, what it reads and makes, and its attributes. */
export type TestNode = readonly [
  op: string,
  inputs: readonly string[],
  output: string | readonly string[],
  attributes?: Readonly<Record<string, AttributeValue>>,
]

/** The part of a graph that is tested: it reads 'a' and makes 'y'. */
export interface Part {
  readonly name: string
  /** Of 'a', for one example. */
  readonly shape: readonly number[]
  readonly nodes: readonly TestNode[]
  readonly constants?: Readonly<Record<string, Tensor | readonly number[]>>
  readonly opset?: number
}

/** Numbers that differ from one name to another, and are the same in every run. */
export function drawn(name: string, shape: readonly number[], scale = 1): Tensor {
  const rng = rngFrom('tfjs', name)
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => scale * rng.normal()) }
}

/** A list of numbers is one of integers, as shapes are given. */
function stored(name: string, value: Tensor | readonly number[]): onnx.ITensorProto {
  if ('data' in value) {
    return {
      name,
      dims: [...value.shape],
      dataType: DataType.FLOAT,
      rawData: new Uint8Array(value.data.slice().buffer),
    }
  }
  const rawData = new Uint8Array(BigInt64Array.from(value, BigInt).buffer)
  return { name, dims: [value.length], dataType: DataType.INT64, rawData }
}

function attributeOf(name: string, value: AttributeValue): onnx.IAttributeProto {
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: Buffer.from(value) }
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  return { name, type: AttributeType.INTS, ints: [...value] }
}

function encode(part: Part, input: string, output: string, opset: number): Uint8Array {
  return proto.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: part.name,
      node: part.nodes.map(([opType, inputs, made, attributes = {}], i) => ({
        opType,
        name: `${opType}_${i}`,
        input: [...inputs],
        output: [made].flat(),
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      })),
      initializer: Object.entries(part.constants ?? {}).map(([name, value]) => stored(name, value)),
      input: [
        {
          name: input,
          type: {
            tensorType: {
              elemType: DataType.FLOAT,
              shape: { dim: [{ dimParam: 'n' }, ...part.shape.map((dimValue) => ({ dimValue }))] },
            },
          },
        },
      ],
      output: [{ name: output }],
    },
  }).finish()
}

/** Classes that the test graphs tell apart. */
export const classes = 3

/** A classifier around a part: a MatMul in front of it, the layer 'front', and one behind it, the layer 'back'. */
export async function classifierAround(part: Part): Promise<Uint8Array> {
  const { opset = 18, shape } = part
  const session = await ort.InferenceSession.create(encode(part, 'a', 'y', opset), { logSeverityLevel: 3 })
  const example = drawn('size', [1, ...shape])
  const { y } = await session.run({ a: new ort.Tensor('float32', example.data, [...example.shape]) })
  await session.release()
  const size = y!.dims.reduce((a, b) => a * b, 1)
  const wide = shape.at(-1)!
  const whole: Part = {
    ...part,
    nodes: [
      ['MatMul', ['x', 'front'], 'a'],
      ...part.nodes,
      ['Flatten', ['y'], 'flat', { axis: 1 }],
      ['MatMul', ['flat', 'back'], 'scores'],
    ],
    constants: {
      ...part.constants,
      front: drawn('front', [wide, wide], 1 / Math.sqrt(wide)),
      back: drawn('back', [size, classes], 1 / Math.sqrt(size)),
    },
  }
  return encode(whole, 'x', 'scores', opset)
}

/** An ONNX file of these nodes, from 'x' to 'scores'. */
export function network(part: Part): Uint8Array {
  return encode(part, 'x', 'scores', part.opset ?? 18)
}
