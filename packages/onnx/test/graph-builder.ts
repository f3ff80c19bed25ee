import onnxProto, { type onnx } from 'onnx-proto'

export const proto = onnxProto.onnx
export const { AttributeType } = proto.AttributeProto
export const { DataLocation, DataType } = proto.TensorProto

type Dimension = number | string

/** A float32 tensor; every value 1 unless told. */
export function tensor(name: string, dims: readonly number[], values?: readonly number[]): onnx.ITensorProto {
  const size = dims.reduce((a, b) => a * b, 1)
  const data = Float32Array.from({ length: size }, (_, i) => values?.[i] ?? 1)
  return { name, dims: [...dims], dataType: DataType.FLOAT, rawData: new Uint8Array(data.buffer) }
}

/** An int64 tensor of one dimension, as shapes are given. */
export function integers(name: string, values: readonly number[]): onnx.ITensorProto {
  const data = BigInt64Array.from(values, BigInt)
  return { name, dims: [values.length], dataType: DataType.INT64, rawData: new Uint8Array(data.buffer) }
}

export function node(
  opType: string,
  input: readonly string[],
  output: string,
  more: Partial<onnx.INodeProto> = {},
): onnx.INodeProto {
  return { opType, input: [...input], output: [output], name: `${output}_node`, ...more }
}

export function integerAttribute(name: string, i: number): onnx.IAttributeProto {
  return { name, type: AttributeType.INT, i }
}

export function value(
  name: string,
  dims: readonly Dimension[],
  elemType: number = DataType.FLOAT,
): onnx.IValueInfoProto {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}

export interface GraphParts {
  readonly nodes?: readonly onnx.INodeProto[]
  readonly initializers?: readonly onnx.ITensorProto[]
  readonly inputs?: readonly onnx.IValueInfoProto[]
  readonly outputs?: readonly onnx.IValueInfoProto[]
  readonly domains?: readonly string[]
  readonly functions?: readonly onnx.IFunctionProto[]
  readonly opset?: number
}

/** An ONNX file; where a part is not given, that of the smallest classifier: images [n, 4] times a weight [4, 3]. */
export function file(parts: GraphParts = {}): Uint8Array {
  const {
    nodes = [node('MatMul', ['images', 'weight'], 'scores')],
    initializers = [tensor('weight', [4, 3])],
    inputs = [value('images', ['n', 4])],
    outputs = [{ name: 'scores' }],
    domains = [],
    functions = [],
    opset = 13,
  } = parts
  return proto.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
    graph: {
      name: 'test',
      node: [...nodes],
      initializer: [...initializers],
      input: [...inputs],
      output: [...outputs],
    },
    functions: [...functions],
  }).finish()
}
