import { ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { elementTypeName, type Graph, type GraphNode, proto, subgraphsOf } from './graph.ts'

const { DataType } = proto.TensorProto

/** The element types that a learned tensor can have, with the bytes of one value; the last two are newer than the protobuf classes. */
const learnedTypes: ReadonlyMap<number, { readonly name: string; readonly bytes: number }> = new Map([
  ...[
    { type: DataType.FLOAT, bytes: 4 },
    { type: DataType.DOUBLE, bytes: 8 },
    { type: DataType.FLOAT16, bytes: 2 },
    { type: DataType.BFLOAT16, bytes: 2 },
    { type: DataType.INT8, bytes: 1 },
    { type: DataType.UINT8, bytes: 1 },
    { type: DataType.INT16, bytes: 2 },
    { type: DataType.UINT16, bytes: 2 },
  ].map(({ type, bytes }) => [type, { name: elementTypeName(type), bytes }] as const),
  [21, { name: 'uint4', bytes: 0.5 }],
  [22, { name: 'int4', bytes: 0.5 }],
])

/** A tensor that the file carries: an initializer, or the value of a Constant node. */
export interface StoredTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** The element type where it is one of those that weights come in. */
  readonly type: string | undefined
  readonly proto: onnx.ITensorProto
}

/** Every tensor that the file carries, by name. */
export function storedTensors({ initializers, nodes }: Graph): Map<string, StoredTensor> {
  const stored = new Map([...initializers].map(([name, tensor]) => [name, storedTensor(name, tensor)]))
  for (const { op, outputs, proto: node } of nodes) {
    const [made] = outputs
    const value = op === 'Constant' ? constantOf(node) : undefined
    if (value && made !== undefined) stored.set(made, storedTensor(made, value))
  }
  return stored
}

/** The tensors that lie in a node's subgraphs, at any depth. */
export function nestedTensors(node: Pick<GraphNode, 'proto'>): StoredTensor[] {
  return subgraphsOf(node.proto).flatMap((graph) => {
    const nodes = graph.node ?? []
    const constants = nodes.flatMap((each) => {
      const value = each.opType === 'Constant' ? constantOf(each) : undefined
      return value ? [storedTensor(each.output?.[0] ?? '', value)] : []
    })
    const initializers = (graph.initializer ?? []).map((tensor) => storedTensor(tensor.name ?? '', tensor))
    return [...initializers, ...constants, ...nodes.flatMap((each) => nestedTensors({ proto: each }))]
  })
}

function constantOf(node: onnx.INodeProto): onnx.ITensorProto | undefined {
  return node.attribute?.find(({ name }) => name === 'value')?.t ?? undefined
}

function storedTensor(name: string, tensor: onnx.ITensorProto): StoredTensor {
  return {
    name,
    shape: (tensor.dims ?? []).map(Number),
    type: learnedTypes.get(tensor.dataType ?? DataType.UNDEFINED)?.name,
    proto: tensor,
  }
}

/**
 * The values of a stored float32 tensor. Infinite ones are allowed: masks of attention hold them.
 *
 * @throws ModelError when the values are fewer or more than the shape says, or NaN
 */
export function readValues(stored: StoredTensor): Tensor {
  checkSize(stored)
  const { shape, proto: tensor } = stored
  const raw = tensor.rawData?.length ? tensor.rawData : undefined
  // The bytes lie at any offset in the file, and Buffer's slice would not copy them; a Float32Array wants a multiple of four.
  const data = raw ? new Float32Array(Uint8Array.from(raw).buffer) : Float32Array.from(tensor.floatData ?? [])
  return refuse(stored.name, { shape, data }, Number.isNaN)
}

/** @throws ModelError when a tensor of a learned type has fewer or more values than its shape says */
export function checkSize({ name, shape, proto: tensor }: StoredTensor): void {
  const learned = learnedTypes.get(tensor.dataType ?? DataType.UNDEFINED)
  if (!learned) return
  const listed = [tensor.floatData, tensor.doubleData, tensor.int32Data].map((values) => values?.length ?? 0)
  const isPacked = learned.bytes < 1
  const found = tensor.rawData?.length
    ? tensor.rawData.length / learned.bytes
    : Math.max(...listed) / (isPacked ? 0.5 : 1)
  const expected = isPacked ? Math.ceil(sizeOf(shape) / 2) * 2 : sizeOf(shape)
  if (found === expected && shape.every((size) => size >= 0)) return
  throw new ModelError(
    `The tensor '${name}' of shape [${shape.join(', ')}] has ${found} values: the file is damaged or cut off.`,
    { hint: 'Export or download the model again.' },
  )
}

/** The values of a layer's weight. @throws ModelError when one of them is NaN or infinite */
export function soundWeight(name: string, values: Tensor): Tensor {
  return refuse(name, values, (value) => !Number.isFinite(value))
}

function refuse(name: string, values: Tensor, isUnsound: (value: number) => boolean): Tensor {
  const index = values.data.findIndex(isUnsound)
  if (index === -1) return values
  throw new ModelError(`The tensor '${name}' holds ${values.data[index]} at position ${index}.`, {
    hint: 'A network with NaN or infinite weights has nothing to lose. Train or export it again.',
  })
}
