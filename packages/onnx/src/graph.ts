import { ModelError } from '@loadbearing/core'
import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'
import { inOrder } from './order.ts'

/** The protobuf classes of ONNX. The package is CommonJS: its names hang on the default export. */
export const proto = onnxProto.onnx

/** A node with its optional fields filled in. */
export interface GraphNode {
  readonly name: string
  /** The operator, with its domain in front where that is not ONNX's own: 'com.microsoft.FusedConv'. */
  readonly op: string
  readonly inputs: readonly string[]
  /** Names that the node's subgraphs (If, Loop, Scan) read from this graph. */
  readonly captured: readonly string[]
  /** Every tensor of the graph that the node or its subgraphs read, each once. */
  readonly reads: readonly string[]
  readonly outputs: readonly string[]
  readonly proto: onnx.INodeProto
}

/** A decoded ONNX graph, by name. */
export interface Graph {
  readonly model: onnx.ModelProto
  readonly opset: number
  /** In an order of execution: the file's own, unless a node there reads what a later one makes. */
  readonly nodes: readonly GraphNode[]
  readonly initializers: ReadonlyMap<string, onnx.ITensorProto>
  /** Graph inputs that are no initializers (models of IR version 3 list those as inputs, too). */
  readonly inputs: readonly onnx.IValueInfoProto[]
  readonly outputs: readonly onnx.IValueInfoProto[]
  readonly producers: ReadonlyMap<string, GraphNode>
  readonly consumers: ReadonlyMap<string, readonly GraphNode[]>
}

/** Graphs within graphs lie no deeper in any network, nor does protobuf let them by much: each level takes stack. */
const deepest = 32

const exportAgain = 'Export or download the model again.'

/**
 * Decodes the bytes of an ONNX file.
 *
 * @param name what to call the model in errors
 * @throws ModelError when the bytes are no ONNX model, are cut off, or the graph does not hold together
 */
export function decodeGraph(bytes: Uint8Array, name: string): Graph {
  return graphOf(decodeModel(bytes, name), name)
}

/** The graph of a decoded model, by name. @throws ModelError when it does not hold together */
export function graphOf(model: onnx.ModelProto, name: string): Graph {
  const { graph } = model
  if (!graph?.node || graph.node.length === 0) {
    throw new ModelError(`${name} is not an ONNX file, or it is cut off: it holds no graph.`, { hint: exportAgain })
  }
  if (graph.sparseInitializer && graph.sparseInitializer.length > 0) {
    throw new ModelError(`${name} holds sparse tensors, which are not read yet.`, {
      hint: 'Export the model with dense weights.',
    })
  }
  refuseDeepGraphs([...graph.node, ...model.functions.flatMap(({ node }) => node ?? [])], name)
  const listed = graph.node.map(readNode)
  const initializers = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]))
  const inputs = (graph.input ?? []).filter((input) => !initializers.has(input.name ?? ''))
  const given = [...(graph.initializer ?? []), ...inputs].map((each) => each.name ?? '')

  const twice = firstRepeated([...given, ...listed.flatMap((node) => node.outputs)])
  if (twice !== undefined) {
    throw new ModelError(`${name} is damaged: two tensors have the name '${twice}'.`, { hint: exportAgain })
  }
  const producers = new Map(listed.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const known = new Set([...given, ...producers.keys()])
  // An object of values by name, as onnxruntime takes and gives them, cannot hold it.
  if (known.has('__proto__')) {
    throw new ModelError(`${name} has a tensor of the name '__proto__', which JavaScript keeps for itself.`, {
      hint: 'Give the tensor another name.',
    })
  }
  for (const node of listed) {
    const missing = node.reads.find((input) => !known.has(input))
    if (missing !== undefined) {
      throw new ModelError(
        `${name} is damaged: node '${node.name}' (${node.op}) reads '${missing}', which nothing makes.`,
        { hint: exportAgain },
      )
    }
  }
  const outputs = graph.output ?? []
  if (outputs.length === 0) throw new ModelError(`${name} is damaged: it has no output.`, { hint: exportAgain })
  const unmade = outputs.find((output) => !known.has(output.name ?? ''))
  if (unmade) {
    throw new ModelError(`${name} is damaged: nothing makes its output '${unmade.name}'.`, { hint: exportAgain })
  }
  const nodes = inOrder(listed, (node) => node.reads.flatMap((input) => producers.get(input) ?? []))
  if (!nodes) {
    throw new ModelError(`${name} is damaged: some of its nodes wait for each other in a circle.`, {
      hint: exportAgain,
    })
  }
  return {
    model,
    opset: Number(model.opsetImport.find(({ domain }) => isStandard(domain))?.version ?? 0),
    nodes,
    initializers,
    inputs,
    outputs,
    producers,
    consumers: consumersOf(nodes),
  }
}

function decodeModel(bytes: Uint8Array, name: string): onnx.ModelProto {
  try {
    return proto.ModelProto.decode(bytes)
  } catch (cause) {
    throw new ModelError(`${name} is not an ONNX file, or it is cut off: ${messageOf(cause)}.`, {
      hint: exportAgain,
      cause,
    })
  }
}

function refuseDeepGraphs(nodes: readonly onnx.INodeProto[], name: string): void {
  let level = nodes
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) {
      throw new ModelError(`${name} has graphs within graphs, more than ${deepest} deep.`, { hint: exportAgain })
    }
    level = level.flatMap(subgraphsOf).flatMap(({ node }) => node ?? [])
  }
}

function readNode(node: onnx.INodeProto, index: number): GraphNode {
  const op = `${isStandard(node.domain) ? '' : `${node.domain}.`}${node.opType ?? ''}`
  const name = node.name ?? ''
  const inputs = node.input ?? []
  const captured = subgraphsOf(node).flatMap(capturedBy)
  return {
    name: name === '' ? `${op}_${index}` : name,
    op,
    inputs,
    captured,
    reads: [...new Set([...inputs, ...captured])].filter((input) => input !== ''),
    outputs: (node.output ?? []).filter((output) => output !== ''),
    proto: node,
  }
}

/** The graphs that a node runs within: the branches of an If, the body of a Loop or Scan. */
export function subgraphsOf(node: onnx.INodeProto): onnx.IGraphProto[] {
  return (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])])
}

function capturedBy(graph: onnx.IGraphProto): string[] {
  const nodes = (graph.node ?? []).map(readNode)
  const inside = new Set([
    ...nodes.flatMap((node) => node.outputs),
    ...[...(graph.input ?? []), ...(graph.initializer ?? [])].map((each) => each.name ?? ''),
  ])
  // A branch may hand on a tensor from outside without a node of its own.
  const outputs = (graph.output ?? []).map((output) => output.name ?? '')
  return [...nodes.flatMap((node) => node.reads), ...outputs].filter((name) => !inside.has(name))
}

function consumersOf(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const consumers = new Map<string, GraphNode[]>()
  for (const node of nodes) {
    for (const input of node.reads) {
      const list = consumers.get(input)
      if (list) list.push(node)
      else consumers.set(input, [node])
    }
  }
  return consumers
}

function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>()
  return names.find((name) => seen.size === seen.add(name).size)
}

/** Whether a domain is ONNX's own, which has two spellings. */
function isStandard(domain: string | null | undefined): boolean {
  return (domain ?? '') === '' || domain === 'ai.onnx'
}

/** Whether `op` is an operator of ONNX, or what onnxruntime calls the same in its own domain, where it was before. */
export function isOperator(op: string, name: string): boolean {
  return op === name || op === `com.microsoft.${name}`
}

/** An integer attribute of a node. */
export function integerAttribute(node: GraphNode, name: string, otherwise: number): number {
  const attribute = node.proto.attribute?.find((candidate) => candidate.name === name)
  return attribute?.i === undefined || attribute.i === null ? otherwise : Number(attribute.i)
}

/** An attribute of a node that is a list of integers; empty where it has none. */
export function integersAttribute(node: GraphNode, name: string): number[] {
  return (node.proto.attribute?.find((candidate) => candidate.name === name)?.ints ?? []).map(Number)
}

/** An attribute of a node that is a text; empty where it has none. */
export function textAttribute(node: GraphNode, name: string): string {
  const bytes = node.proto.attribute?.find((candidate) => candidate.name === name)?.s
  return bytes ? new TextDecoder().decode(bytes) : ''
}

const { DataType } = proto.TensorProto

/** Element types that people call otherwise than the format does. */
const elementTypeNames: ReadonlyMap<number, string> = new Map([
  [DataType.UNDEFINED, 'an unknown type'],
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
])

/** What people call an element type of the format. */
export function elementTypeName(type: number | null | undefined): string {
  const known = type ?? DataType.UNDEFINED
  return elementTypeNames.get(known) ?? DataType[known]?.toLowerCase() ?? `type ${known}`
}

/** The sentence of anything thrown, without a full stop at its end. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replace(/\.$/, '')
}
