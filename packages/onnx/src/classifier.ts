import { ModelError } from '@loadbearing/core'
import type { ActivationType } from './cut.ts'
import { floatTypes } from './element-types.ts'
import { elementTypeName, type Graph, type GraphNode } from './graph.ts'

/** The output that holds one score a class. */
export interface ClassScores {
  readonly name: string
  readonly classes: number
  /**
   * Probabilities where a Softmax makes them, be it written out; they are handed on as their logarithms, which are logits of the same softmax. One probability
   * where a Sigmoid makes a single number: that of the second of two classes, handed on as the logarithms of both.
   */
  readonly scores: 'logits' | 'probabilities' | 'one probability'
  /**
   * The tensor that a final Softmax, LogSoftmax or Sigmoid reads: what it makes of this says the same, but differentiated it is another
   * function. The output itself where there is none.
   */
  readonly logits: string
}

/** Numbers that the output holds of one example. */
export function numbersIn({ classes, scores }: ClassScores): number {
  return scores === 'one probability' ? 1 : classes
}

/**
 * The one output of shape [batch, classes] (and dimensions of one) in floating point, or else the one of a single number that a Sigmoid
 * makes; undefined where there is none.
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
    return floatTypes.has(elementType) && classes !== undefined && rest.every((size) => size === 1)
      ? [{ name, classes }]
      : []
  })
  const several = fitting.filter(({ classes }) => classes >= 2)
  const single = fitting.filter(({ name, classes }) => classes === 1 && lastOperator(graph, name)?.op === 'Sigmoid')
  const candidates = several.length > 0 ? several : single
  const [first, ...others] = candidates
  if (!first) return undefined
  const { name, classes } = first
  if (others.length === 0) {
    const last = lastOperator(graph, name)
    const read = last?.inputs[0] ?? ''
    if (classes === 1) return { name, classes: 2, scores: 'one probability', logits: read }
    if (last?.op === 'LogSoftmax') return { name, classes, scores: 'logits', logits: read }
    if (last?.op === 'Softmax') return { name, classes, scores: 'probabilities', logits: read }
    const exponents = last && readByWrittenSoftmax(graph, last)
    if (exponents !== undefined) return { name, classes, scores: 'probabilities', logits: exponents }
    return { name, classes, scores: 'logits', logits: name }
  }
  const names = candidates.map((each) => `'${each.name}'`).join(', ')
  throw new ModelError(`${model} has ${candidates.length} outputs that may be its class scores: ${names}.`, {
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
    {
      hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class, or one probability by a Sigmoid.',
    },
  )
}

/** Nodes that hand every score on as it is. */
const handsOn = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'])

/** The node that computes the scores. */
export function lastOperator(graph: Graph, output: string): GraphNode | undefined {
  return operatorBehind(graph, output, handsOn)
}

function operatorBehind(graph: Graph, tensor: string, passed: ReadonlySet<string>): GraphNode | undefined {
  let node = graph.producers.get(tensor)
  while (node && passed.has(node.op)) node = graph.producers.get(node.inputs[0] ?? '')
  return node
}

const spreads = new Set([...handsOn, 'Expand'])

/** What goes into a Softmax as JAX and Keras write it out: an Exp divided by its own sum, its largest input taken off before. */
function readByWrittenSoftmax(graph: Graph, last: GraphNode): string | undefined {
  if (last.op !== 'Div') return undefined
  const [powers = '', sums = ''] = last.inputs
  const [exp, sum] = [graph.producers.get(powers), operatorBehind(graph, sums, spreads)]
  if (exp?.op !== 'Exp' || sum?.op !== 'ReduceSum' || sum.inputs[0] !== powers) return undefined
  const [exponents = ''] = exp.inputs
  const shift = graph.producers.get(exponents)
  const [shifted = '', largest = ''] = shift?.op === 'Sub' ? shift.inputs : []
  const maximum = operatorBehind(graph, largest, spreads)
  return maximum?.op === 'ReduceMax' && maximum.inputs[0] === shifted ? shifted : exponents
}
