import { ModelError } from '@loadbearing/core'
import protobuf from 'protobufjs/minimal.js'
import { messageOf } from './graph.ts'

/** A field of an encoded protobuf message. */
export interface Field {
  readonly number: number
  /** Tag and content, as encoded. */
  readonly bytes: Uint8Array
  /** Of a field that has a length: a message, a string, bytes. */
  readonly content: Uint8Array | undefined
}

const lengthDelimited = 2

/** The fields of a message, in the order of its bytes. @throws ModelError when it is no message */
export function fieldsOf(message: Uint8Array): Field[] {
  try {
    return readFields(message)
  } catch (cause) {
    // The protobuf classes pass over some damage of a message's structure.
    throw new ModelError(`The file is damaged: ${messageOf(cause)}.`, {
      hint: 'Export or download the model again.',
      cause,
    })
  }
}

function readFields(message: Uint8Array): Field[] {
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

/** A field that has a length, as encoded. */
export function encodeField(number: number, content: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32((number << 3) | lengthDelimited)
    .bytes(content)
    .finish()
}

/** An integer field, as encoded. */
export function encodeInteger(number: number, value: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number << 3)
    .int32(value)
    .finish()
}

/** A message with the content of every field `number` put through `replace`; where that gives undefined, without the field. */
export function replaceIn(
  message: Uint8Array,
  number: number,
  replace: (content: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  return Buffer.concat(
    fieldsOf(message).flatMap((each) => {
      if (each.number !== number || !each.content) return [each.bytes]
      const content = replace(each.content)
      if (content === each.content) return [each.bytes]
      return content ? [encodeField(number, content)] : []
    }),
  )
}

/** The numbers that onnx.proto gives to the fields on the way to a tensor. */
export const field = {
  model: { graph: 7, functions: 25 },
  graph: { node: 1, initializer: 5, input: 11, valueInfo: 13 },
  node: { attribute: 5 },
  attribute: { tensor: 5, graph: 6, graphs: 11 },
  function: { node: 7, attributeDefaults: 11, overload: 13 },
  tensor: {
    dataType: 2,
    floatData: 4,
    int32Data: 5,
    int64Data: 7,
    rawData: 9,
    doubleData: 10,
    uint64Data: 11,
    externalData: 13,
    dataLocation: 14,
  },
}
