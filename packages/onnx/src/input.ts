import { InputError, ModelError, sizeOf } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { fedType, type FedType } from './element-types.ts'
import { elementTypeName, type Graph, integersAttribute } from './graph.ts'

/** The network's input as the file declares it. */
export interface InputDeclaration {
  readonly name: string
  /** The type that the graph takes; examples are handed in as float32 whatever it is. */
  readonly type: FedType
  /** Shape of one example. */
  readonly shape: readonly number[]
  /** The number of examples that the file declares; undefined where it is open. The graph may take others. */
  readonly batch: number | undefined
  /** Where the channels of an image seem to be: before its height and width, or behind; 'other' where it seems to be no image. */
  readonly layout: 'nchw' | 'nhwc' | 'other'
}

/** A further input, filled the same way for every example. */
export interface FilledInput {
  readonly name: string
  readonly type: FedType
  /** Its shape is the main input's. Positions count from 0. */
  readonly values: 'ones' | 'zeros' | 'positions'
}

export interface Inputs {
  readonly input: InputDeclaration
  readonly filled: readonly FilledInput[]
}

/** An example of more values than this (64 MiB, an image of 2,300 × 2,300 in colour), or a fixed batch, is a damaged declaration. */
const mostValues = 2 ** 24

/** Inputs of transformers for which every token is there, of the first segment, and in its place. */
const fillings: Readonly<Record<string, FilledInput['values']>> = {
  attention_mask: 'ones',
  token_type_ids: 'zeros',
  position_ids: 'positions',
}

/**
 * The one input of the graph, and those beside it that can be filled without asking.
 *
 * @param exampleShape sizes for dimensions that the file leaves open
 * @throws ModelError when there are several, its type is none of numbers, or a dimension other than the batch is open or enormous;
 *   InputError when `exampleShape` does not fit what is declared
 */
export function declaredInputs(graph: Graph, model: string, exampleShape?: readonly number[]): Inputs {
  const named = graph.inputs.map((input) => ({ input, name: input.name ?? '' }))
  const main = mainInput(named, model)
  const input = declaredInput(graph, main.input, model, exampleShape)
  const filled = named.flatMap((each) => (each === main ? [] : [filledInput(each.input, input, model)]))
  return { input, filled }
}

/** An input that the file leaves the size of open. */
export interface OpenInput {
  readonly name: string
  /** Sizes of one example; undefined where they are open. None where the file declares no shape. */
  readonly sizes: readonly (number | undefined)[]
}

/** The input that examples go to, where it is open. @throws ModelError when there are several */
export function openInput(graph: Graph, model: string): OpenInput | undefined {
  const { input, name } = mainInput(
    graph.inputs.map((each) => ({ input: each, name: each.name ?? '' })),
    model,
  )
  const declared = sizesOf(input)
  const sizes = declared.slice(1).map((size) => (typeof size === 'number' ? size : undefined))
  return declared.length === 0 || sizes.includes(undefined) ? { name, sizes } : undefined
}

interface NamedInput {
  readonly input: onnx.IValueInfoProto
  readonly name: string
}

function mainInput(named: readonly NamedInput[], model: string): NamedInput {
  const candidates = named.filter(({ name }) => !Object.hasOwn(fillings, name))
  const [main, ...others] = candidates.length === 0 && named.length === 1 ? named : candidates
  if (!main || others.length > 0) {
    const names = named.map(({ name }) => `'${name}'`).join(', ')
    throw new ModelError(
      `${model} has ${named.length} inputs${names && ` (${names})`}; a classifier of one input is needed.`,
      { hint: 'Export the model with the images as its only input.' },
    )
  }
  return main
}

function declaredInput(
  graph: Graph,
  declared: onnx.IValueInfoProto,
  model: string,
  exampleShape: readonly number[] | undefined,
): InputDeclaration {
  const name = declared.name ?? ''
  const { elemType } = declared.type?.tensorType ?? {}
  const type = fedType(elemType)
  if (!type || type === 'bool') {
    throw new ModelError(
      `The input '${name}' of ${model} is in ${elementTypeName(elemType)}, not in float32, float16, float64, int64, int32 or uint8.`,
      { hint: 'Export the model with a float32 input.' },
    )
  }
  const declaredSizes = sizesOf(declared)
  const [batch, ...rest] =
    declaredSizes.length === 0 && exampleShape ? ['', ...exampleShape.map(() => '')] : declaredSizes
  if (batch === undefined || rest.length === 0) {
    throw new ModelError(`The input '${name}' of ${model} declares no shape [batch, …].`, {
      hint: 'Export the model with a fixed input size, or give the shape of one example.',
    })
  }
  if (
    exampleShape &&
    (exampleShape.length !== rest.length ||
      rest.some((size, axis) => typeof size === 'number' && size !== exampleShape[axis]) ||
      exampleShape.some((size) => !Number.isInteger(size) || size < 1))
  ) {
    const sizes = rest.map((size) => (size === '' ? '?' : size)).join(', ')
    throw new InputError(
      `The input '${name}' of ${model} takes examples of shape [${sizes}], not [${exampleShape.join(', ')}].`,
      { hint: 'Give a shape only for dimensions that the model leaves open.' },
    )
  }
  const shape = rest.map((size, axis) => {
    const known = typeof size === 'number' ? size : exampleShape?.[axis]
    if (known !== undefined) return known
    const sizes = rest.map((each) => (each === '' ? '?' : each)).join(', ')
    throw new ModelError(
      `Dimension ${axis + 1} of the input '${name}' of ${model} is open${size && ` ('${size}')`}; only the batch may be.`,
      { hint: `Give the shape of one example, [${sizes}] with numbers for names, or export with a fixed input size.` },
    )
  })
  if (sizeOf(shape) > mostValues) {
    throw new ModelError(
      `The input '${name}' of ${model} declares [${shape.join(', ')}]: ${sizeOf(shape)} values an example.`,
      { hint: 'Export the model with the input size that it was trained on.' },
    )
  }
  const all = sizeOf(shape) * (typeof batch === 'number' ? batch : 1)
  if (all > mostValues) {
    throw new ModelError(
      `The input '${name}' of ${model} declares [${[batch, ...shape].join(', ')}]: ${all} values at a time.`,
      { hint: 'Export the model with a dynamic batch dimension, or a smaller batch.' },
    )
  }
  return {
    name,
    type,
    shape,
    batch: typeof batch === 'number' ? batch : undefined,
    layout: layoutOf(graph, name, shape),
  }
}

function filledInput(declared: onnx.IValueInfoProto, input: InputDeclaration, model: string): FilledInput {
  const name = declared.name ?? ''
  const { elemType } = declared.type?.tensorType ?? {}
  const type = fedType(elemType)
  const [, ...sizes] = sizesOf(declared)
  const fits =
    sizes.length === input.shape.length &&
    sizes.every((size, axis) => typeof size !== 'number' || size === input.shape[axis])
  if (!type || !fits) {
    throw new ModelError(
      `The input '${name}' of ${model} [${sizes.join(', ')}] in ${elementTypeName(elemType)} cannot be filled: it has not the shape of '${input.name}' [${input.shape.join(', ')}].`,
      { hint: `Export the model with '${input.name}' as its only input.` },
    )
  }
  return { name, type, values: fillings[name]! }
}

/** Sizes where they are fixed, names where they are open ('' where those are not named). */
function sizesOf(declared: onnx.IValueInfoProto): (number | string)[] {
  return (declared.type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
    Number(dimValue ?? 0) > 0 ? Number(dimValue) : (dimParam ?? ''),
  )
}

const channelCounts = [1, 3, 4]

/** Nodes that an image may pass before its first Transpose. */
const pointwise = new Set(['Cast', 'Identity', 'Sub', 'Mul', 'Div', 'Add', 'QuantizeLinear', 'DequantizeLinear'])

function layoutOf(graph: Graph, input: string, shape: readonly number[]): InputDeclaration['layout'] {
  if (shape.length !== 3) return 'other'
  const first = channelCounts.includes(shape[0]!)
  const last = channelCounts.includes(shape[2]!)
  if (first !== last) return first ? 'nchw' : 'nhwc'
  // The shape does not say; a Transpose [0, 3, 1, 2] at the start of the graph does.
  let [node] = graph.consumers.get(input) ?? []
  while (node && pointwise.has(node.op)) [node] = graph.consumers.get(node.outputs[0] ?? '') ?? []
  return node?.op === 'Transpose' && integersAttribute(node, 'perm').join() === '0,3,1,2' ? 'nhwc' : 'nchw'
}
