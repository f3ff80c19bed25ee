import { ModelError } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import type { ActivationType } from './cut.ts'
import { type Graph, proto } from './graph.ts'
import { openSession, runSession } from './session.ts'

/** The network's input as the file declares it. */
export interface InputDeclaration {
  readonly name: string
  /** Shape of one example. */
  readonly shape: readonly number[]
}

/**
 * The one input of the graph.
 *
 * @throws ModelError when there are several, or a dimension other than the batch is open
 */
export function declaredInput(graph: Graph, name: string): InputDeclaration {
  const [input, ...others] = graph.inputs
  if (!input || others.length > 0) {
    throw new ModelError(
      `${name} has ${graph.inputs.length} inputs (${graph.inputs.map((each) => each.name).join(', ') || 'none'}); a classifier of one input is needed.`,
    )
  }
  const type = input.type?.tensorType
  if (type?.elemType !== proto.TensorProto.DataType.FLOAT) {
    throw new ModelError(`The input '${input.name}' of ${name} is not float32.`, {
      hint: 'Export the model with a float32 input.',
    })
  }
  const dimensions = type.shape?.dim ?? []
  if (dimensions.length < 2) throw new ModelError(`The input '${input.name}' of ${name} declares no shape [batch, …].`)
  const shape = dimensions.slice(1).map((dimension) => Number(dimension.dimValue ?? 0))
  const open = shape.findIndex((size) => !(size > 0))
  if (open !== -1) {
    throw new ModelError(
      `Dimension ${open + 1} of the input '${input.name}' of ${name} is open (${dimensions[open + 1]?.dimParam ?? 'unnamed'}); only the batch may be.`,
      { hint: 'Export the model with a fixed input size.' },
    )
  }
  return { name: input.name ?? '', shape }
}

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
 * @throws ModelError when the graph does not take a batch of two
 */
export async function probeTypes(
  graph: Graph,
  input: InputDeclaration,
  exposed: readonly string[],
  name: string,
): Promise<Map<string, ActivationType>> {
  const session = await openSession(encodeExposing(graph, exposed), name)
  try {
    const run = (batch: number): Promise<ort.InferenceSession.OnnxValueMapType> => {
      const shape = [batch, ...input.shape]
      const zeros = new Float32Array(shape.reduce((a, b) => a * b, 1))
      return runSession(session, { [input.name]: new ort.Tensor('float32', zeros, shape) }, name)
    }
    const one = await run(1)
    const two = await run(2).catch((cause: unknown) => {
      throw new ModelError(`${name} works on one example at a time: its batch is fixed inside the graph.`, {
        hint: 'Export the model with a dynamic batch dimension.',
        cause,
      })
    })
    return new Map(exposed.map((tensor) => [tensor, typeOf(one[tensor]!, two[tensor]!)]))
  } finally {
    await session.release()
  }
}

const elementTypes: Readonly<Record<string, number>> = {
  float32: proto.TensorProto.DataType.FLOAT,
  float16: proto.TensorProto.DataType.FLOAT16,
  float64: proto.TensorProto.DataType.DOUBLE,
  int64: proto.TensorProto.DataType.INT64,
  int32: proto.TensorProto.DataType.INT32,
  uint8: proto.TensorProto.DataType.UINT8,
  int8: proto.TensorProto.DataType.INT8,
  bool: proto.TensorProto.DataType.BOOL,
}

function typeOf(one: ort.OnnxValue, two: ort.OnnxValue): ActivationType {
  return {
    elementType: elementTypes[one.type] ?? proto.TensorProto.DataType.UNDEFINED,
    dimensions: one.dims.map((size, axis) => (two.dims[axis] === size ? size : `batch${size === 1 ? '' : `x${size}`}`)),
  }
}
