import { ModelError } from '@loadbearing/core'
import type { ActivationType } from './cut.ts'
import { floatTypes } from './element-types.ts'
import { elementTypeName, type Graph, type GraphNode } from './graph.ts'

/** The output that holds one score a class. */
export interface ClassScores {
  readonly name: string
  readonly classes: number
  /** Probabilities where a Softmax makes them; they are handed on as their logarithms, which are logits of the same softmax. */
  readonly scores: 'logits' | 'probabilities'
}

/**
 * The one output of shape [batch, classes] (and dimensions of one) in floating point; undefined where there is none.
 *
 * @param types of all outputs
 * @throws ModelError when there is more than one
 */
export function classScores(
  graph: Graph,
  types: ReadonlyMap<string, ActivationType>,
  model: string,
): ClassScores | undefined {
  const fitting = graph.outputs.flatMap((output) => {
    const name = output.name ?? ''
    const { elementType, atOne, batchAxis } = types.get(name)!
    const [classes, ...rest] = batchAxis === 0 ? atOne.slice(1) : []
    return floatTypes.has(elementType) && classes !== undefined && classes >= 2 && rest.every((size) => size === 1)
      ? [{ name, classes }]
      : []
  })
  const [first, ...others] = fitting
  if (!first) return undefined
  if (others.length === 0) {
    return { ...first, scores: lastOperator(graph, first.name)?.op === 'Softmax' ? 'probabilities' : 'logits' }
  }
  const names = fitting.map(({ name }) => `'${name}'`).join(', ')
  throw new ModelError(`${model} has ${fitting.length} outputs that may be its class scores: ${names}.`, {
    hint: 'Export the model with the class scores as its only output.',
  })
}

/** What to say of a graph without class scores. */
export function noScores(graph: Graph, types: ReadonlyMap<string, ActivationType>, model: string): ModelError {
  const shapes = graph.outputs.map(({ name }) => {
    const { dimensions, elementType } = types.get(name ?? '')!
    return `'${name}' [${dimensions.join(', ')}] in ${elementTypeName(elementType)}`
  })
  return new ModelError(
    `${model} is no classifier: none of its outputs is [batch, classes] in float32, but ${shapes.join(', ')}.`,
    { hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.' },
  )
}

/** Nodes that hand every score on as it is. */
const handsOn = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'])

/** The node that computes the scores. */
export function lastOperator(graph: Graph, output: string): GraphNode | undefined {
  let node = graph.producers.get(output)
  while (node && handsOn.has(node.op)) node = graph.producers.get(node.inputs[0] ?? '')
  return node
}
