import { type Graph, type GraphNode, proto } from './graph.ts'
import { isRandom } from './randomness.ts'

/** The part of a graph that a change of one tensor can reach: a stored one, or an activation. */
export interface Cut {
  /** Nodes that depend on the tensor, with the constant nodes they need, in order of execution; none where it does not reach the output. */
  readonly nodes: readonly GraphNode[]
  /** What those nodes read from the rest of the graph: activations in front of the change. A residual block has two. */
  readonly frontier: readonly string[]
  readonly initializers: readonly string[]
}

/** Cuts the graph behind `tensor`, a stored one or an activation, towards the tensor `output`. */
export function cutBehind(graph: Graph, tensor: string, output: string): Cut {
  const constant = constantNodes(graph)
  const needed = ancestors(graph, output)
  const dependent = new Set<GraphNode>()
  const tainted = new Set([tensor])
  for (const node of graph.nodes) {
    // A node that makes the tensor itself is replaced, not run.
    if (!needed.has(node) || node.outputs.includes(tensor)) continue
    if (node.reads.some((input) => tainted.has(input))) {
      dependent.add(node)
      for (const made of node.outputs) tainted.add(made)
    }
  }

  const frontier = new Set<string>()
  const initializers = new Set<string>()
  const kept = new Set(dependent)
  const pending = [...dependent]
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const input of node.reads) {
      if (tainted.has(input)) continue
      const producer = graph.producers.get(input)
      if (graph.initializers.has(input)) initializers.add(input)
      else if (producer && constant.has(producer)) {
        if (!kept.has(producer)) pending.push(producer)
        kept.add(producer)
      } else frontier.add(input)
    }
  }
  return {
    nodes: graph.nodes.filter((node) => kept.has(node)),
    frontier: [...frontier],
    initializers: [...initializers],
  }
}

const constants = new WeakMap<Graph, ReadonlySet<GraphNode>>()

/** Nodes that depend on no input of the graph. */
export function constantNodes(graph: Graph): ReadonlySet<GraphNode> {
  // Every cut asks.
  const known = constants.get(graph) ?? findConstantNodes(graph)
  constants.set(graph, known)
  return known
}

function findConstantNodes(graph: Graph): Set<GraphNode> {
  const varying = new Set(graph.inputs.map((input) => input.name ?? ''))
  const constant = new Set<GraphNode>()
  for (const node of graph.nodes) {
    // A random operator may have no inputs and yet is not constant.
    const varies = isRandom(graph, node) || node.reads.some((input) => varying.has(input))
    if (!varies) constant.add(node)
    else for (const output of node.outputs) varying.add(output)
  }
  return constant
}

const computing = new WeakMap<Graph, Map<string, ReadonlySet<GraphNode>>>()

/** The nodes that a tensor is computed by. */
export function ancestors(graph: Graph, output: string): ReadonlySet<GraphNode> {
  const known = computing.get(graph) ?? new Map<string, ReadonlySet<GraphNode>>()
  computing.set(graph, known)
  const found = known.get(output) ?? findAncestors(graph, output)
  known.set(output, found)
  return found
}

function findAncestors(graph: Graph, output: string): Set<GraphNode> {
  const found = new Set<GraphNode>()
  const pending = [output]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = graph.producers.get(name)
    if (!node || found.has(node)) continue
    found.add(node)
    pending.push(...node.reads)
  }
  return found
}

/** Element type and dimensions of an activation. */
export interface ActivationType {
  readonly elementType: number
  /** A dimension that follows the batch is a name: 'batch' where it is the batch. Of a graph of fixed batch, all are numbers. */
  readonly dimensions: readonly (number | string)[]
  /** The axis that runs over the examples; undefined where none does, or one does among others. */
  readonly batchAxis: number | undefined
  /** The dimensions for one example. */
  readonly atOne: readonly number[]
}

type FedTensor = Pick<ActivationType, 'elementType' | 'dimensions'>

/** The cut as a model of its own: inputs are the changed tensor and the frontier, the output is `output`. */
export function encodeCut(
  graph: Graph,
  cut: Cut,
  changed: FedTensor & { readonly name: string },
  output: string,
  types: ReadonlyMap<string, ActivationType>,
): Uint8Array {
  const input = (name: string, { elementType, dimensions }: FedTensor) => ({
    name,
    type: {
      tensorType: {
        elemType: elementType,
        shape: {
          dim: dimensions.map((dimension) =>
            typeof dimension === 'number' ? { dimValue: dimension } : { dimParam: dimension },
          ),
        },
      },
    },
  })
  const model = proto.ModelProto.create(graph.model)
  model.graph = proto.GraphProto.create({
    name: 'suffix',
    node: cut.nodes.map((node) => node.proto),
    initializer: cut.initializers.map((name) => graph.initializers.get(name)!),
    // As an input without an initializer: onnxruntime silently ignores a fed value that an initializer also holds.
    input: [input(changed.name, changed), ...cut.frontier.map((name) => input(name, types.get(name)!))],
    output: [{ name: output }],
  })
  return proto.ModelProto.encode(model).finish()
}
