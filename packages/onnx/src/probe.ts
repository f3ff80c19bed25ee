import { ModelError, sizeOf } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import type { ActivationType } from './cut.ts'
import { type Graph, proto } from './graph.ts'
import type { InputDeclaration } from './input.ts'
import { openSession, runSession } from './session.ts'

/** The graph encoded again with a named batch dimension on its input and the tensors `exposed` as its outputs. */
export function encodeExposing(graph: Graph, exposed: readonly string[]): Uint8Array {
  const copy = proto.ModelProto.create(graph.model)
  const type = (input: (typeof graph.inputs)[number]) => ({
    ...input,
    type: {
      tensorType: {
        ...input.type?.tensorType,
        shape: { dim: [{ dimParam: 'batch' }, ...(input.type?.tensorType?.shape?.dim ?? []).slice(1)] },
      },
    },
  })
  copy.graph = proto.GraphProto.create({
    ...graph.model.graph,
    input: graph.inputs.map(type),
    output: exposed.map((name) => ({ name })),
    // Declared shapes may carry a fixed batch; the runtime infers them anew.
    valueInfo: [],
  })
  return proto.ModelProto.encode(copy).finish()
}

/**
 * Runs the graph on a batch of one and of two empty examples, and says of each exposed tensor its type and dimensions:
 * a dimension that differs between the two follows the batch. Asking the runtime is exact for every operator it runs.
 *
 * @throws ModelError when the graph does not take a batch of one and of two
 */
export async function probeTypes(
  graph: Graph,
  input: InputDeclaration,
  exposed: readonly string[],
  name: string,
): Promise<Map<string, ActivationType>> {
  const session = await openSession(encodeExposing(graph, exposed), name)
  const run = (batch: number): Promise<ort.InferenceSession.OnnxValueMapType> => {
    const shape = [batch, ...input.shape]
    return runSession(
      session,
      { [input.name]: new ort.Tensor('float32', new Float32Array(sizeOf(shape)), shape) },
      name,
    )
  }
  try {
    const one = await run(1).catch((cause: unknown) => {
      throw input.batch === undefined || input.batch === 1 ? cause : fixedBatch(name, input.batch, cause)
    })
    const two = await run(2).catch((cause: unknown) => {
      throw fixedBatch(name, 1, cause)
    })
    return new Map(exposed.map((tensor) => [tensor, typeOf(one[tensor]!, two[tensor]!)]))
  } finally {
    await session.release()
  }
}

/** What to say of a graph that takes no other number of examples. */
export function fixedBatch(name: string, batch: number, cause?: unknown): ModelError {
  const examples = batch === 1 ? 'one example' : `${batch} examples`
  return new ModelError(`${name} works on ${examples} at a time: its batch is fixed inside the graph.`, {
    hint: 'Export the model with a dynamic batch dimension.',
    cause,
  })
}

const { DataType } = proto.TensorProto

const elementTypes: Readonly<Record<string, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int16: DataType.INT16,
  int8: DataType.INT8,
  uint64: DataType.UINT64,
  uint32: DataType.UINT32,
  uint16: DataType.UINT16,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
}

function typeOf(one: ort.OnnxValue, two: ort.OnnxValue): ActivationType {
  return {
    elementType: elementTypes[one.type] ?? DataType.UNDEFINED,
    dimensions: one.dims.map((size, axis) => (two.dims[axis] === size ? size : `batch${size === 1 ? '' : `x${size}`}`)),
    atOne: one.dims,
  }
}
