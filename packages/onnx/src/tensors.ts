import { ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { type Graph, proto } from './graph.ts'

const { DataType } = proto.TensorProto

/** Names of the element types that a learned tensor can have. */
const learnedTypes: ReadonlyMap<number, string> = new Map([
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
  [DataType.FLOAT16, 'float16'],
  [DataType.BFLOAT16, 'bfloat16'],
  [DataType.INT8, 'int8'],
  [DataType.UINT8, 'uint8'],
])

/** A tensor that the file carries: an initializer, or the value of a Constant node. */
export interface StoredTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** The element type where it is one of those that weights come in. */
  readonly type: string | undefined
  readonly proto: onnx.ITensorProto
}

/** Every tensor that the file carries, by the name under which nodes read it. */
export function storedTensors(graph: Graph): Map<string, StoredTensor> {
  const constants = graph.nodes.flatMap((node) => {
    const value = node.op === 'Constant' ? node.proto.attribute?.find(({ name }) => name === 'value')?.t : undefined
    return value && node.outputs[0] !== undefined ? [[node.outputs[0], value] as const] : []
  })
  return new Map(
    [...graph.initializers, ...constants].map(([name, tensor]) => [
      name,
      { name, shape: (tensor.dims ?? []).map(Number), type: learnedTypes.get(tensor.dataType ?? 0), proto: tensor },
    ]),
  )
}

/**
 * The values of a stored float32 tensor.
 *
 * @throws ModelError when the values are elsewhere (external data), fewer or more than the shape says, NaN or infinite
 */
export function readValues({ name, shape, proto: stored }: StoredTensor): Tensor {
  if (stored.dataLocation === proto.TensorProto.DataLocation.EXTERNAL) {
    throw new ModelError(`The weight '${name}' lies in another file (external data), which is not read yet.`, {
      hint: 'Save the model as one file: onnx.save(model, path, save_as_external_data=False).',
    })
  }
  const raw = stored.rawData
  const size = sizeOf(shape)
  if (raw && raw.length > 0) {
    if (raw.length !== size * 4) throw wrongSize(name, shape, raw.length / 4)
    // The bytes lie at any offset in the file, and Buffer's slice would not copy them; a Float32Array wants a multiple of four.
    return finite(name, { shape, data: new Float32Array(Uint8Array.from(raw).buffer) })
  }
  const values = stored.floatData ?? []
  if (values.length !== size) throw wrongSize(name, shape, values.length)
  return finite(name, { shape, data: Float32Array.from(values) })
}

function wrongSize(name: string, shape: readonly number[], found: number): ModelError {
  return new ModelError(
    `The weight '${name}' of shape [${shape.join(', ')}] has ${found} values: the file is damaged or cut off.`,
    {
      hint: 'Export or download the model again.',
    },
  )
}

function finite(name: string, tensor: Tensor): Tensor {
  const index = tensor.data.findIndex((value) => !Number.isFinite(value))
  if (index === -1) return tensor
  throw new ModelError(`The weight '${name}' holds ${tensor.data[index]} at position ${index}.`, {
    hint: 'A network with NaN or infinite weights has nothing to lose. Train or export it again.',
  })
}

/** A float32 tensor as the ONNX format stores it. */
export function storedFrom(name: string, { shape, data }: Tensor): onnx.ITensorProto {
  return proto.TensorProto.create({
    name,
    dims: [...shape],
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  })
}
