import type { Layer, Tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import type { onnx } from 'onnx-proto'
import { type Constant, readConstant, saturated } from './constants.ts'
import { ancestors } from './cut.ts'
import { feedsOf, fromOrt } from './feeds.ts'
import { type Graph, type GraphNode, proto } from './graph.ts'
import type { Inputs } from './input.ts'

const { AttributeType } = proto.AttributeProto

/** The value of a node's attribute. */
export type Attribute = number | string | readonly number[] | readonly string[] | Constant

/** A node as an engine other than onnxruntime runs it. */
export interface Operation {
  readonly name: string
  /** The operator, with its domain in front where that is not ONNX's own. */
  readonly op: string
  /** Names of what it reads; '' where an optional input in front of others is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Without graphs within the graph. */
  readonly attributes: ReadonlyMap<string, Attribute>
}

/** A network for an engine other than onnxruntime: what leads to its class scores. */
export interface Program {
  readonly opset: number
  /** In an order of execution. */
  readonly operations: readonly Operation[]
  /** What the file carries, by name; a layer's weight, in the type that it is replaced in, among them under the layer's name. */
  readonly constants: ReadonlyMap<string, Constant>
  /** A batch [n, …] as the graph's inputs, with those that are filled. @throws InputError on a value that the input cannot hold */
  readonly feeds: (batch: Tensor) => ReadonlyMap<string, Constant>
  /** Values of a layer's weight in the layout in which `constants` holds it. @throws InputError on a layer of another model */
  readonly stored: (layer: Layer, values: Tensor) => Tensor
  /** The name under which the layer's first node reads the weight: its own, unless nodes change the layout in between. */
  readonly weightRead: (layer: Layer) => string
}

/** What leads to `output`, apart from how layers' weights are stored. */
export function programOf(graph: Graph, inputs: Inputs, output: string): Omit<Program, 'stored' | 'weightRead'> {
  const needed = ancestors(graph, output)
  const nodes = graph.nodes.filter((node) => needed.has(node))
  const read = new Set([output, ...nodes.flatMap(({ reads }) => reads)])
  const constants = new Map<string, Constant>()
  for (const [name, tensor] of graph.initializers) {
    if (read.has(name)) constants.set(name, readConstant(tensor))
  }
  const operations = nodes.flatMap((node) => {
    const constant = node.op === 'Constant' ? constantMade(node) : undefined
    if (constant) constants.set(node.outputs[0]!, constant)
    return constant ? [] : [operationOf(node)]
  })
  return {
    opset: graph.opset,
    operations,
    constants,
    feeds: (batch) =>
      new Map(Object.entries(feedsOf(inputs, batch)).map(([name, fed]) => [name, constantOf(fed, name)])),
  }
}

function operationOf({ name, op, inputs, outputs, proto: { attribute } }: GraphNode): Operation {
  const attributes = (attribute ?? []).flatMap((each) => {
    const value = attributeOf(each)
    return value === undefined ? [] : [[each.name ?? '', value] as const]
  })
  return { name, op, inputs, outputs, attributes: new Map(attributes) }
}

function attributeOf({ type, f, i, s, t, floats, ints, strings }: onnx.IAttributeProto): Attribute | undefined {
  switch (type) {
    case AttributeType.FLOAT:
      return f ?? 0
    case AttributeType.INT:
      return Number(i ?? 0)
    case AttributeType.STRING:
      return Buffer.from(s ?? []).toString('utf8')
    case AttributeType.TENSOR:
      return readConstant(t ?? {})
    case AttributeType.FLOATS:
      return floats ?? []
    case AttributeType.INTS:
      return (ints ?? []).map(Number)
    case AttributeType.STRINGS:
      return (strings ?? []).map((each) => Buffer.from(each).toString('utf8'))
    default:
      return undefined
  }
}

/** What a Constant node makes; undefined where that is no tensor of numbers. */
function constantMade(node: GraphNode): Constant | undefined {
  const [attribute] = node.proto.attribute ?? []
  const value = attribute && attributeOf(attribute)
  switch (attribute?.name) {
    case 'value':
      return value as Constant
    case 'value_int':
      return { shape: [], data: saturated([value as number]) }
    case 'value_ints':
      return { shape: [(value as number[]).length], data: saturated(value as number[]) }
    case 'value_float':
      return { shape: [], data: Float32Array.of(value as number) }
    case 'value_floats':
      return { shape: [(value as number[]).length], data: Float32Array.from(value as number[]) }
    default:
      return undefined
  }
}

function constantOf(fed: ort.Tensor, name: string): Constant {
  const { shape, data } = fromOrt(fed, name)
  if (fed.type.startsWith('float')) return { shape, data }
  return { shape, data: fed.type === 'bool' ? Uint8Array.from(data) : Int32Array.from(data) }
}
