import { field, fieldsOf, encodeField, encodeInteger, replaceIn } from './fields.ts'
import { proto } from './graph.ts'

/** What to store in place of a tensor's values. */
export interface StoredValues {
  /** The element type, by its number in the format. */
  readonly elementType: number
  /** The values in row-major order, little-endian. */
  readonly bytes: Uint8Array
  /** Names that DequantizeLinear nodes make of the tensor: its new values are no integers, and those nodes hand them on as they are. */
  readonly dequantized: readonly string[]
  /** Names made of the tensor whose declared type is no longer theirs. */
  readonly retyped: readonly string[]
}

/**
 * An ONNX file with other values in some of its tensors. Every other byte stays as it is, also what a later version of the
 * format has added and the protobuf classes do not know.
 */
export function replaceWeights(file: Uint8Array, weights: ReadonlyMap<string, StoredValues>): Uint8Array {
  const dequantized = new Set([...weights.values()].flatMap((weight) => weight.dequantized))
  const retyped = new Set([...weights.values()].flatMap((weight) => weight.retyped))
  const initializer = (bytes: Uint8Array): Uint8Array => {
    const weight = weights.get(proto.TensorProto.decode(bytes).name)
    return weight ? replaceValues(bytes, weight) : bytes
  }
  const node = (bytes: Uint8Array): Uint8Array => {
    const decoded = proto.NodeProto.decode(bytes)
    const [output = ''] = decoded.output
    if (dequantized.has(output)) {
      const { name, input } = decoded
      return proto.NodeProto.encode({ name, opType: 'Identity', input: input.slice(0, 1), output: [output] }).finish()
    }
    const weight = decoded.opType === 'Constant' ? weights.get(output) : undefined
    if (!weight) return bytes
    return replaceIn(bytes, field.node.attribute, (attribute) =>
      replaceIn(attribute, field.attribute.tensor, (tensor) => replaceValues(tensor, weight)),
    )
  }
  const valueInfo = (bytes: Uint8Array): Uint8Array | undefined =>
    retyped.has(proto.ValueInfoProto.decode(bytes).name) ? undefined : bytes
  // Before IR version 4, every initializer is an input, too.
  const input = (bytes: Uint8Array): Uint8Array => {
    const { name, type } = proto.ValueInfoProto.decode(bytes)
    const weight = retyped.has(name) ? weights.get(name) : undefined
    if (!weight) return bytes
    const elemType = weight.elementType
    return proto.ValueInfoProto.encode({ name, type: { tensorType: { ...type?.tensorType, elemType } } }).finish()
  }
  return replaceIn(file, field.model.graph, (graph) => {
    let replaced = replaceIn(graph, field.graph.node, node)
    replaced = replaceIn(replaced, field.graph.initializer, initializer)
    if (retyped.size === 0) return replaced
    return replaceIn(replaceIn(replaced, field.graph.valueInfo, valueInfo), field.graph.input, input)
  })
}

const { dataType, floatData, int32Data, int64Data, rawData, doubleData, uint64Data } = field.tensor
const otherValues = new Set([floatData, int32Data, int64Data, doubleData, uint64Data])

function replaceValues(tensor: Uint8Array, { elementType, bytes }: StoredValues): Uint8Array {
  const stored = encodeField(rawData, bytes)
  const type = encodeInteger(dataType, elementType)
  const parts = fieldsOf(tensor)
    .filter(({ number }) => !otherValues.has(number))
    .map((each) => (each.number === rawData ? stored : each.number === dataType ? type : each.bytes))
  return Buffer.concat(parts.includes(stored) ? parts : [...parts, stored])
}
