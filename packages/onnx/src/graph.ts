import { ModelError } from '@loadbearing/core'
import onnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'

/** The protobuf classes of ONNX. The package is CommonJS: its names hang on the default export. */
export const proto = onnxProto.onnx

/** A node with its optional fields filled in, and what subgraphs (If, Loop, Scan) take from outside counted among its inputs. */
export interface GraphNode {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  /** Names that the node's subgraphs read from this graph. */
  readonly captured: readonly string[]
  readonly outputs: readonly string[]
  readonly proto: onnx.INodeProto
}

/** A decoded ONNX graph, by name. Nodes stand in order of execution, as the format demands. */
export interface Graph {
  readonly model: onnx.ModelProto
  readonly opset: number
  readonly nodes: readonly GraphNode[]
  readonly initializers: ReadonlyMap<string, onnx.ITensorProto>
  /** Graph inputs that are no initializers (models of IR version 3 list those as inputs, too). */
  readonly inputs: readonly onnx.IValueInfoProto[]
  readonly outputs: readonly onnx.IValueInfoProto[]
  readonly producers: ReadonlyMap<string, GraphNode>
  readonly consumers: ReadonlyMap<string, readonly GraphNode[]>
}

/**
 * Decodes the bytes of an ONNX file.
 *
 * @param name what to call the model in errors
 * @throws ModelError when the bytes are no ONNX model, are cut off, or the graph does not hold together
 */
export function decodeGraph(bytes: Uint8Array, name: string): Graph {
  let model: onnx.ModelProto
  try {
    model = proto.ModelProto.decode(bytes)
  } catch (cause) {
    throw new ModelError(`${name} is not an ONNX file, or it is cut off: ${messageOf(cause)}.`, {
      hint: 'Export or download the model again.',
      cause,
    })
  }
  const graph = model.graph
  if (!graph?.node || graph.node.length === 0) {
    throw new ModelError(`${name} is not an ONNX file, or it is cut off: it holds no graph.`, {
      hint: 'Export or download the model again.',
    })
  }
  const nodes = graph.node.map(readNode)
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const consumers = new Map<string, GraphNode[]>()
  for (const node of nodes) {
    for (const input of new Set([...node.inputs, ...node.captured])) {
      const list = consumers.get(input)
      if (list) list.push(node)
      else consumers.set(input, [node])
    }
  }
  const initializers = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]))
  const inputs = (graph.input ?? []).filter((input) => !initializers.has(input.name ?? ''))
  const known = new Set([...initializers.keys(), ...inputs.map((input) => input.name ?? ''), ...producers.keys()])
  for (const node of nodes) {
    const missing = node.inputs.find((input) => input !== '' && !known.has(input))
    if (missing !== undefined) {
      throw new ModelError(
        `${name} is damaged: node '${node.name}' (${node.op}) reads '${missing}', which nothing makes.`,
        {
          hint: 'Export or download the model again.',
        },
      )
    }
  }
  return {
    model,
    opset: Number(model.opsetImport.find((set) => (set.domain ?? '') === '')?.version ?? 0),
    nodes,
    initializers,
    inputs,
    outputs: graph.output ?? [],
    producers,
    consumers,
  }
}

function readNode(node: onnx.INodeProto, index: number): GraphNode {
  const op = node.opType ?? ''
  return {
    name: node.name ? node.name : `${op}_${index}`,
    op,
    inputs: node.input ?? [],
    captured: (node.attribute ?? []).flatMap((attribute) =>
      [attribute.g, ...(attribute.graphs ?? [])].flatMap(capturedBy),
    ),
    outputs: (node.output ?? []).filter((output) => output !== ''),
    proto: node,
  }
}

function capturedBy(graph: onnx.IGraphProto | null | undefined): string[] {
  if (!graph) return []
  const nodes = (graph.node ?? []).map(readNode)
  const inside = new Set([
    ...nodes.flatMap((node) => node.outputs),
    ...(graph.input ?? []).map((input) => input.name ?? ''),
    ...(graph.initializer ?? []).map((tensor) => tensor.name ?? ''),
  ])
  return nodes.flatMap((node) => [...node.inputs, ...node.captured]).filter((name) => name !== '' && !inside.has(name))
}

/** An integer attribute of a node. */
export function integerAttribute(node: GraphNode, name: string, otherwise: number): number {
  const attribute = node.proto.attribute?.find((candidate) => candidate.name === name)
  return attribute?.i === undefined || attribute.i === null ? otherwise : Number(attribute.i)
}

/** The sentence of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
