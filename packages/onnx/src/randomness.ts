import { ModelError } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { type Graph, type GraphNode, subgraphsOf } from './graph.ts'

const randomOperators = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])

/** Whether a node, a node of its subgraphs, or one of the function that it calls draws random numbers. */
export function isRandom(graph: Graph, node: GraphNode): boolean {
  // Most graphs have none, and this is asked often.
  if (!randomOperators.has(node.op) && graph.model.functions.length === 0 && subgraphsOf(node.proto).length === 0)
    return false
  const functions = new Map(
    graph.model.functions.map((each) => [`${each.domain ?? ''}.${each.name ?? ''}`, each.node ?? []]),
  )
  const draws = (each: onnx.INodeProto, within: ReadonlySet<string>): boolean => {
    if (randomOperators.has(each.opType ?? '')) return true
    const called = `${each.domain ?? ''}.${each.opType ?? ''}`
    const body = within.has(called) ? [] : (functions.get(called) ?? [])
    const inside = [...subgraphsOf(each).flatMap((subgraph) => subgraph.node ?? []), ...body]
    return inside.some((inner) => draws(inner, new Set([...within, called])))
  }
  return draws(node.proto, new Set())
}

/** @throws ModelError when a node among `nodes` draws random numbers */
export function refuseRandom(graph: Graph, nodes: Iterable<GraphNode>, model: string): void {
  for (const node of nodes) {
    const trains = trainsDropout(graph, node)
    if (!trains && !isRandom(graph, node)) continue
    throw new ModelError(
      `${model} gives other scores each time it runs: ${node.op} '${node.name}' draws random numbers${trains ? ', as its training_mode is on' : ''}.`,
      { hint: 'Export the model for inference: model.eval() in PyTorch, training=False in TensorFlow.' },
    )
  }
}

/** A Dropout drops only where its third input says so; as a constant, or by what is not known before it runs. */
function trainsDropout(graph: Graph, { op, inputs }: GraphNode): boolean {
  const mode = op === 'Dropout' ? (inputs[2] ?? '') : ''
  if (mode === '') return false
  const constant =
    graph.initializers.get(mode) ??
    graph.producers.get(mode)?.proto.attribute?.find(({ name }) => name === 'value')?.t ??
    undefined
  return !constant || (constant.rawData?.[0] ?? constant.int32Data?.[0]) !== 0
}
