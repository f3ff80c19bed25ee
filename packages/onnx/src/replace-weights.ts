import type { Tensor } from '@loadbearing/core'
import protobuf from 'protobufjs/minimal.js'
import { proto } from './graph.ts'

/** The numbers that onnx.proto gives to the fields on the way to a weight. */
const field = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5 },
  node: { attribute: 5 },
  attribute: { tensor: 5 },
  tensor: { floatData: 4, rawData: 9 },
}

/**
 * An ONNX file with other values in some of its tensors. Every other byte stays as it is, also what a later version of the
 * format has added and the protobuf classes do not know.
 */
export function replaceWeights(file: Uint8Array, weights: ReadonlyMap<string, Tensor>): Uint8Array {
  const initializer = (bytes: Uint8Array): Uint8Array => {
    const weight = weights.get(proto.TensorProto.decode(bytes).name)
    return weight ? replaceValues(bytes, weight) : bytes
  }
  const node = (bytes: Uint8Array): Uint8Array => {
    const { opType, output } = proto.NodeProto.decode(bytes)
    const weight = opType === 'Constant' ? weights.get(output[0] ?? '') : undefined
    if (!weight) return bytes
    return replaceIn(bytes, field.node.attribute, (attribute) =>
      replaceIn(attribute, field.attribute.tensor, (tensor) => replaceValues(tensor, weight)),
    )
  }
  return replaceIn(file, field.model.graph, (graph) =>
    replaceIn(replaceIn(graph, field.graph.node, node), field.graph.initializer, initializer),
  )
}

function replaceValues(tensor: Uint8Array, { data }: Tensor): Uint8Array {
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const stored = encodeField(field.tensor.rawData, values)
  const parts = fieldsOf(tensor)
    .filter(({ number }) => number !== field.tensor.floatData)
    .map(({ number, bytes }) => (number === field.tensor.rawData ? stored : bytes))
  return Buffer.concat(parts.includes(stored) ? parts : [...parts, stored])
}

/** A protobuf message with the content of every field `number` put through `replace`. */
function replaceIn(message: Uint8Array, number: number, replace: (content: Uint8Array) => Uint8Array): Uint8Array {
  return Buffer.concat(
    fieldsOf(message).map((each) =>
      each.number === number && each.content ? encodeField(number, replace(each.content)) : each.bytes,
    ),
  )
}

interface Field {
  readonly number: number
  /** Tag and content, as encoded. */
  readonly bytes: Uint8Array
  /** Of a field that has a length: a message, a string, bytes. */
  readonly content: Uint8Array | undefined
}

const lengthDelimited = 2

function fieldsOf(message: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(message)
  const fields: Field[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const tag = reader.uint32()
    const wireType = tag & 7
    const content = wireType === lengthDelimited ? reader.bytes() : undefined
    if (!content) reader.skipType(wireType)
    fields.push({ number: tag >>> 3, bytes: message.subarray(start, reader.pos), content })
  }
  return fields
}

function encodeField(number: number, content: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32((number << 3) | lengthDelimited)
    .bytes(content)
    .finish()
}
