import { type Graph, type GraphNode, proto, readsOf } from './graph.ts'

/** The part of a graph that a change of one stored tensor can reach. */
export interface Cut {
  /** Nodes that depend on the tensor, with the constant nodes they need, in order of execution; none where it does not reach the output. */
  readonly nodes: readonly GraphNode[]
  /** What those nodes read from the rest of the graph: activations in front of the layer. A residual block has two. */
  readonly frontier: readonly string[]
  readonly initializers: readonly string[]
}

/** Cuts the graph behind the stored tensor `weight`, towards the tensor `output`. */
export function cutBehind(graph: Graph, weight: string, output: string): Cut {
  const constant = constantNodes(graph)
  const needed = ancestors(graph, output)
  const dependent = new Set<GraphNode>()
  const tainted = new Set([weight])
  for (const node of graph.nodes) {
    // A Constant node that makes the weight itself is replaced, not run.
    if (!needed.has(node) || node.outputs.includes(weight)) continue
    if (readsOf(node).some((input) => tainted.has(input))) {
      dependent.add(node)
      for (const made of node.outputs) tainted.add(made)
    }
  }

  const frontier = new Set<string>()
  const initializers = new Set<string>()
  const kept = new Set(dependent)
  const pending = [...dependent]
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const input of readsOf(node)) {
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

/** Nodes that depend on no input of the graph. */
export function constantNodes(graph: Graph): Set<GraphNode> {
  const varying = new Set(graph.inputs.map((input) => input.name ?? ''))
  const constant = new Set<GraphNode>()
  for (const node of graph.nodes) {
    // Random operators have no inputs and yet are not constant.
    const varies = node.op.startsWith('Random') || readsOf(node).some((input) => varying.has(input))
    if (!varies) constant.add(node)
    else for (const output of node.outputs) varying.add(output)
  }
  return constant
}

function ancestors(graph: Graph, output: string): Set<GraphNode> {
  const found = new Set<GraphNode>()
  const pending = [output]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = graph.producers.get(name)
    if (!node || found.has(node)) continue
    found.add(node)
    pending.push(...readsOf(node))
  }
  return found
}

/** Element type and dimensions of an activation. */
export interface ActivationType {
  readonly elementType: number
  /** A dimension that follows the batch is a name: 'batch' where it is the batch. */
  readonly dimensions: readonly (number | string)[]
  /** The dimensions at a batch of one. */
  readonly atOne: readonly number[]
}

/** The cut as a model of its own: inputs are the weight and the frontier, the output is `output`. */
export function encodeCut(
  graph: Graph,
  cut: Cut,
  weight: { readonly name: string; readonly shape: readonly number[] },
  output: string,
  types: ReadonlyMap<string, ActivationType>,
): Uint8Array {
  const input = (name: string, { elementType, dimensions }: Omit<ActivationType, 'atOne'>) => ({
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
    input: [
      input(weight.name, { elementType: proto.TensorProto.DataType.FLOAT, dimensions: weight.shape }),
      ...cut.frontier.map((name) => input(name, types.get(name)!)),
    ],
    output: [{ name: output }],
  })
  return proto.ModelProto.encode(model).finish()
}
