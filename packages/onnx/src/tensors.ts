import { ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { elementTypeName, type Graph, type GraphNode, proto, subgraphsOf } from './graph.ts'

const { DataType, DataLocation } = proto.TensorProto

/** The element types that a learned tensor can have. */
const learnedTypes: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.DOUBLE,
  DataType.FLOAT16,
  DataType.BFLOAT16,
  DataType.INT8,
  DataType.UINT8,
])

/** A tensor that the file carries: an initializer, or the value of a Constant node. */
export interface StoredTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** The element type where it is one of those that weights come in. */
  readonly type: string | undefined
  readonly proto: onnx.ITensorProto
}

/** Every tensor that the file carries, by the name or, behind an Identity, the names under which nodes read it. */
export function storedTensors({ initializers, nodes }: Graph): Map<string, StoredTensor> {
  const stored = new Map([...initializers].map(([name, tensor]) => [name, storedTensor(name, tensor)]))
  for (const { op, inputs, outputs, proto: node } of nodes) {
    const [made] = outputs
    if (made === undefined) continue
    const value = op === 'Constant' ? constantOf(node) : undefined
    if (value) stored.set(made, storedTensor(made, value))
    const original = op === 'Identity' ? stored.get(inputs[0] ?? '') : undefined
    if (original) stored.set(made, original)
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
  const dataType = tensor.dataType ?? DataType.UNDEFINED
  const type = learnedTypes.has(dataType) ? elementTypeName(dataType) : undefined
  return { name, shape: (tensor.dims ?? []).map(Number), type, proto: tensor }
}

/**
 * The weight of a layer, stored as float32.
 *
 * @throws ModelError when `readValues` does, or when a value is infinite
 */
export function readWeight(stored: StoredTensor): Tensor {
  return refuse(stored, readValues(stored), (value) => !Number.isFinite(value))
}

/**
 * The values of a stored float32 tensor. Infinite ones are allowed: masks of attention hold them.
 *
 * @throws ModelError when the values are elsewhere (external data), fewer or more than the shape says, or NaN
 */
export function readValues(stored: StoredTensor): Tensor {
  const { name, shape, proto: tensor } = stored
  if (tensor.dataLocation === DataLocation.EXTERNAL) {
    throw new ModelError(`The tensor '${name}' lies in another file (external data), which is not read yet.`, {
      hint: 'Save the model as one file: onnx.save(model, path, save_as_external_data=False).',
    })
  }
  const raw = tensor.rawData?.length ? tensor.rawData : undefined
  const found = raw ? raw.length / Float32Array.BYTES_PER_ELEMENT : (tensor.floatData?.length ?? 0)
  if (found !== sizeOf(shape) || shape.some((size) => size < 0)) {
    throw new ModelError(
      `The tensor '${name}' of shape [${shape.join(', ')}] has ${found} values: the file is damaged or cut off.`,
      { hint: 'Export or download the model again.' },
    )
  }
  // The bytes lie at any offset in the file, and Buffer's slice would not copy them; a Float32Array wants a multiple of four.
  const data = raw ? new Float32Array(Uint8Array.from(raw).buffer) : Float32Array.from(tensor.floatData ?? [])
  return refuse(stored, { shape, data }, Number.isNaN)
}

function refuse({ name }: StoredTensor, values: Tensor, isUnsound: (value: number) => boolean): Tensor {
  const index = values.data.findIndex(isUnsound)
  if (index === -1) return values
  throw new ModelError(`The tensor '${name}' holds ${values.data[index]} at position ${index}.`, {
    hint: 'A network with NaN or infinite weights has nothing to lose. Train or export it again.',
  })
}
