import type { Tensor } from '@loadbearing/core'
import { type Evaluated, throughInverse, typeStep, type View } from './constant-chains.ts'
import { elementTypeOf } from './element-types.ts'
import { toFloat16 } from './float16.ts'
import { type Graph, type GraphNode, integerAttribute, isOperator, proto } from './graph.ts'
import { called } from './left-out.ts'
import type { StoredValues } from './replace-weights.ts'

const { DataType } = proto.TensorProto

/** How other values of a layer's weight are stored in the file. */
export interface Storage {
  /**
   * The type that they are stored in: the stored tensor's own, or what all its readers make of it by a Cast or DequantizeLinear,
   * which then takes the values as they are. So they are not rounded where nothing of the network rounds them.
   */
  readonly type: 'float32' | 'float16' | 'float64'
  /** Whether that is another type than the file has. */
  readonly retypes: boolean
  /** Names that DequantizeLinear nodes make of the tensor. */
  readonly dequantized: readonly string[]
  /** Names of the tensor whose type follows the stored one. */
  readonly retyped: readonly string[]
}

const storedAs: ReadonlySet<string | undefined> = new Set(['float32', 'float16', 'float64'])

/**
 * How the weight behind these views, all those of one stored tensor, can be replaced; a sentence where it cannot.
 *
 * @param views by name, of that tensor alone
 */
export function storageOf(graph: Graph, views: ReadonlyMap<string, View>): Storage | string {
  const [{ stored }] = [...views.values()] as [View]
  const reads = [...views].filter(([name]) => isReadElsewhere(graph, views, name))
  const conversions = reads.map(([, view]) => conversion(view))
  const [only] = reads.map(([, view]) => typeStep(view))
  const target = only && new Set(conversions).size === 1 ? targetType(graph, only) : undefined
  const isFloat = storedAs.has(stored.type)
  // What the file has in full precision stays so.
  if (target !== undefined && stored.type !== 'float32' && (!isFloat || target === 'float32')) {
    const dequantized = [...views].flatMap(([name, { steps }]) =>
      isDequantizer(steps.at(-1)) && graph.producers.get(name) === steps.at(-1) ? [name] : [],
    )
    return { type: target, retypes: true, dequantized, retyped: [...views.keys()] }
  }
  if (isFloat) {
    return { type: stored.type as Storage['type'], retypes: false, dequantized: [], retyped: [] }
  }
  const other = reads.find((_, i) => conversions[i] === '' || conversions[i] !== conversions[0]) ?? reads[0]
  const [reader] = other ? (graph.consumers.get(other[0]) ?? []) : []
  const who = reader ? called(reader) : 'an output'
  return stored.type === 'bfloat16'
    ? `onnxruntime cannot run weights of type bfloat16, as ${who} reads them`
    : `weights of type ${stored.type} cannot be replaced where ${who} reads them, too`
}

/** Whether a name is read by anything but nodes that make another view of it. */
function isReadElsewhere(graph: Graph, views: ReadonlyMap<string, View>, name: string): boolean {
  const isOutput = graph.outputs.some((output) => output.name === name)
  const readers = graph.consumers.get(name) ?? []
  return isOutput || readers.some(({ outputs, inputs }) => inputs[0] !== name || !views.has(outputs[0] ?? ''))
}

/** What the first change of type on the way does, in words that two ways share which do the same; none where there is none. */
function conversion(view: View): string {
  const step = typeStep(view)
  if (!step) return ''
  const attributes = ['to', 'axis', 'block_size', 'output_dtype'].map((name) => integerAttribute(step, name, NaN))
  // Its axis is that of the layout that it reads.
  const before = isDequantizer(step) ? view.steps.slice(0, view.steps.indexOf(step)) : []
  return [step.op, ...step.inputs.slice(1), ...attributes, ...before.map(({ name }) => name)].join()
}

/** The floating type that a node gives to the values, where it is one that can be stored. */
function targetType(graph: Graph, step: GraphNode): Storage['type'] | undefined {
  const scale = graph.initializers.get(step.inputs[1] ?? '') ?? constantOf(graph, step.inputs[1] ?? '')
  const type =
    step.op === 'Cast'
      ? integerAttribute(step, 'to', DataType.UNDEFINED)
      : integerAttribute(step, 'output_dtype', 0) || (scale?.dataType ?? DataType.UNDEFINED)
  return (['float32', 'float16', 'float64'] as const).find((name) => elementTypeOf(name) === type)
}

function isDequantizer(node: GraphNode | undefined): boolean {
  return node !== undefined && isOperator(node.op, 'DequantizeLinear')
}

function constantOf(graph: Graph, name: string) {
  return graph.producers.get(name)?.proto.attribute?.find((each) => each.name === 'value')?.t
}

/** Values of a layer's weight as its file stores them: in the stored tensor's layout and in its type. */
export function storedValues(values: Tensor, view: View, shapes: Evaluated['shapes'], storage: Storage): StoredValues {
  const { data } = throughInverse(values, view, shapes)
  const encoded =
    storage.type === 'float16' ? toFloat16(data) : storage.type === 'float64' ? Float64Array.from(data) : data
  return {
    elementType: elementTypeOf(storage.type),
    bytes: new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength),
    dequantized: storage.dequantized,
    retyped: storage.retyped,
  }
}
