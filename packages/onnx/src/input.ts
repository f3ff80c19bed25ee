import { ModelError, sizeOf } from '@loadbearing/core'
import { elementTypeName, type Graph, proto } from './graph.ts'

/** The network's input as the file declares it. */
export interface InputDeclaration {
  readonly name: string
  /** Shape of one example. */
  readonly shape: readonly number[]
  /** The number of examples that the file declares; undefined where it is open. The graph may take others. */
  readonly batch: number | undefined
}

/** An example of more values than this (256 MiB) is a damaged declaration, not an image. */
const mostValues = 2 ** 26

/**
 * The one input of the graph.
 *
 * @throws ModelError when there are several, it is no float32, or a dimension other than the batch is open or enormous
 */
export function declaredInput(graph: Graph, model: string): InputDeclaration {
  const [input, ...others] = graph.inputs
  if (!input || others.length > 0) {
    const names = graph.inputs.map(({ name }) => `'${name}'`).join(', ')
    throw new ModelError(
      `${model} has ${graph.inputs.length} inputs${names && ` (${names})`}; a classifier of one input is needed.`,
      { hint: 'Export the model with the images as its only input.' },
    )
  }
  const name = input.name ?? ''
  const { elemType, shape: declared } = input.type?.tensorType ?? {}
  if (elemType !== proto.TensorProto.DataType.FLOAT) {
    throw new ModelError(`The input '${name}' of ${model} is in ${elementTypeName(elemType)}, not in float32.`, {
      hint: 'Export the model with a float32 input.',
    })
  }
  const [batch, ...rest] = (declared?.dim ?? []).map(({ dimValue, dimParam }) => ({
    size: Number(dimValue ?? 0),
    called: dimParam ?? '',
  }))
  if (!batch || rest.length === 0) {
    throw new ModelError(`The input '${name}' of ${model} declares no shape [batch, …].`, {
      hint: 'Export the model with a fixed input size.',
    })
  }
  const open = rest.findIndex(({ size }) => !(size > 0))
  if (open !== -1) {
    const { called } = rest[open]!
    throw new ModelError(
      `Dimension ${open + 1} of the input '${name}' of ${model} is open${called && ` ('${called}')`}; only the batch may be.`,
      { hint: 'Export the model with a fixed input size.' },
    )
  }
  const shape = rest.map(({ size }) => size)
  if (sizeOf(shape) > mostValues) {
    throw new ModelError(
      `The input '${name}' of ${model} declares [${shape.join(', ')}]: ${sizeOf(shape)} values an example.`,
      { hint: 'Export the model with the input size that it was trained on.' },
    )
  }
  return { name, shape, batch: batch.size > 0 ? batch.size : undefined }
}
