import { createHash } from 'node:crypto'
import { ModelError } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { encodeField, field, fieldsOf, replaceIn } from './fields.ts'
import { messageOf, proto, subgraphsOf } from './graph.ts'

/** Reads a file beside the model by the name that the model gives it: a relative path with slashes, never out of the folder. */
export type ReadExternal = (location: string) => Promise<Uint8Array> | Uint8Array

const { EXTERNAL } = proto.TensorProto.DataLocation

/** What protobuf and onnxruntime take in one piece. */
const mostBytes = 2 ** 31 - 1

/**
 * The file with the values of all tensors within it, and the files that they came from, by location.
 *
 * @throws ModelError when a file is not given, missing, short, outside the model's folder, or all of it is larger than 2 GB
 */
export async function inlineExternal(
  file: Uint8Array,
  decoded: onnx.ModelProto,
  model: string,
  read: ReadExternal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly files: ReadonlyMap<string, Uint8Array> }> {
  const files = new Map<string, Uint8Array>()
  const elsewhere = tensorsOf(decoded).filter(({ dataLocation }) => dataLocation === EXTERNAL)
  if (elsewhere.length === 0) return { bytes: file, files }
  for (const tensor of elsewhere) {
    const location = locationOf(tensor, model)
    if (!files.has(location)) files.set(location, await readFrom(location, tensor, model, read))
  }
  const total = elsewhere.reduce((sum, tensor) => sum + valuesOf(tensor, files, model).length, file.length)
  if (total > mostBytes) {
    throw new ModelError(
      `${model} holds ${(total / 2 ** 30).toFixed(1)} GB with its external data; at most 2 GB can be run.`,
      {
        hint: 'Measure a smaller model, or one in float16.',
      },
    )
  }
  const inline = (bytes: Uint8Array): Uint8Array => {
    const tensor = proto.TensorProto.decode(bytes)
    if (tensor.dataLocation !== EXTERNAL) return bytes
    const { rawData, externalData, dataLocation } = field.tensor
    const kept = fieldsOf(bytes).filter(({ number }) => ![rawData, externalData, dataLocation].includes(number))
    return Buffer.concat([...kept.map((each) => each.bytes), encodeField(rawData, valuesOf(tensor, files, model))])
  }
  const node = (bytes: Uint8Array): Uint8Array =>
    replaceIn(bytes, field.node.attribute, (attribute) => {
      const { tensor, graph: subgraph, graphs } = field.attribute
      return replaceIn(replaceIn(replaceIn(attribute, tensor, inline), subgraph, graph), graphs, graph)
    })
  const graph = (bytes: Uint8Array): Uint8Array =>
    replaceIn(replaceIn(bytes, field.graph.node, node), field.graph.initializer, inline)
  const functions = (bytes: Uint8Array): Uint8Array => replaceIn(bytes, field.function.node, node)
  return { bytes: replaceIn(replaceIn(file, field.model.graph, graph), field.model.functions, functions), files }
}

/**
 * What identifies a model: SHA-256 of its file, in hex. Of one with external data, SHA-256 of the digest of its file and the
 * digests of the files beside it (32 bytes each), those in the order of their locations by code unit.
 */
export function digestOf(file: Uint8Array, files: ReadonlyMap<string, Uint8Array>): string {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes)
  if (files.size === 0) return sha256(file).digest('hex')
  const beside = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => sha256(bytes).digest())
  return sha256(Buffer.concat([sha256(file).digest(), ...beside])).digest('hex')
}

/** Every tensor of the file, also those within subgraphs and functions. */
function tensorsOf({ graph, functions }: onnx.ModelProto): onnx.ITensorProto[] {
  const ofGraph = ({ initializer, node }: onnx.IGraphProto): onnx.ITensorProto[] => [
    ...(initializer ?? []),
    ...(node ?? []).flatMap(ofNode),
  ]
  const ofNode = (node: onnx.INodeProto): onnx.ITensorProto[] => [
    ...(node.attribute ?? []).flatMap(({ t }) => (t ? [t] : [])),
    ...subgraphsOf(node).flatMap(ofGraph),
  ]
  return [...(graph ? ofGraph(graph) : []), ...functions.flatMap(({ node }) => (node ?? []).flatMap(ofNode))]
}

function entry(tensor: onnx.ITensorProto, key: string): string | undefined {
  return tensor.externalData?.find((each) => each.key === key)?.value ?? undefined
}

function locationOf(tensor: onnx.ITensorProto, model: string): string {
  const location = entry(tensor, 'location') ?? ''
  const steps = location.split(/[/\\]/)
  if (
    location === '' ||
    steps[0] === '' ||
    /^[a-z]:/i.test(location) ||
    steps.includes('..') ||
    location.includes('\0')
  ) {
    throw new ModelError(
      `The tensor '${tensor.name}' of ${model} lies in '${location}', which is not a file in the model's folder.`,
      { hint: 'Save the model as one file: onnx.save(model, path, save_as_external_data=False).' },
    )
  }
  return location
}

async function readFrom(
  location: string,
  tensor: onnx.ITensorProto,
  model: string,
  read: ReadExternal | undefined,
): Promise<Uint8Array> {
  const hint =
    'Keep that file beside the model, or save the model as one file: onnx.save(model, path, save_as_external_data=False).'
  if (!read) {
    throw new ModelError(
      `The tensor '${tensor.name}' of ${model} lies in the file '${location}', which was not given.`,
      {
        hint,
      },
    )
  }
  try {
    return await read(location)
  } catch (cause) {
    throw new ModelError(
      `The tensor '${tensor.name}' of ${model} lies in the file '${location}', which cannot be read: ${messageOf(cause)}.`,
      { hint, cause },
    )
  }
}

function valuesOf(tensor: onnx.ITensorProto, files: ReadonlyMap<string, Uint8Array>, model: string): Uint8Array {
  const location = locationOf(tensor, model)
  const file = files.get(location)!
  const offset = Number(entry(tensor, 'offset') ?? 0)
  const length = Number(entry(tensor, 'length') ?? file.length - offset)
  if (offset >= 0 && length >= 0 && offset + length <= file.length) return file.subarray(offset, offset + length)
  throw new ModelError(
    `The tensor '${tensor.name}' of ${model} lies at ${offset} to ${offset + length} in '${location}', which has ${file.length} bytes.`,
    { hint: 'Download or copy that file again; it may be cut off.' },
  )
}
