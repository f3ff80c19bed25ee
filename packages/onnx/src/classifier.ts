import { ModelError } from '@loadbearing/core'
import type { ActivationType } from './cut.ts'
import { elementTypeName, type Graph, proto } from './graph.ts'
import { fixedBatch } from './probe.ts'

const float32: number = proto.TensorProto.DataType.FLOAT

/** The output that holds one score a class. */
export interface ClassScores {
  readonly name: string
  readonly classes: number
  /** Probabilities where a Softmax makes them; they are handed on as their logarithms, which are logits of the same softmax. */
  readonly scores: 'logits' | 'probabilities'
}

/**
 * The one output of shape [batch, classes] (and dimensions of one) in float32.
 *
 * @param types of all outputs
 * @throws ModelError when there is none, or more than one
 */
export function classScores(graph: Graph, types: ReadonlyMap<string, ActivationType>, model: string): ClassScores {
  const outputs = graph.outputs.map(({ name }) => ({ name: name ?? '', ...types.get(name ?? '')! }))
  const fitting = outputs.flatMap(({ name, elementType, dimensions: [batch, classes, ...rest] }) =>
    elementType === float32 &&
    batch === 'batch' &&
    typeof classes === 'number' &&
    classes >= 2 &&
    rest.every((size) => size === 1)
      ? [{ name, classes }]
      : [],
  )
  const [first, ...others] = fitting
  if (first && others.length === 0) {
    const probabilities = graph.producers.get(first.name)?.op === 'Softmax'
    return { ...first, scores: probabilities ? 'probabilities' : 'logits' }
  }
  if (first) {
    const names = fitting.map(({ name }) => `'${name}'`).join(', ')
    throw new ModelError(`${model} has ${fitting.length} outputs that may be its class scores: ${names}.`, {
      hint: 'Export the model with the class scores as its only output.',
    })
  }
  if (outputs.length > 0 && outputs.every(({ dimensions: [batch] }) => batch === 1)) throw fixedBatch(model, 1)
  const shapes = outputs.map(
    ({ name, dimensions, elementType }) => `'${name}' [${dimensions.join(', ')}] in ${elementTypeName(elementType)}`,
  )
  throw new ModelError(
    `${model} is no classifier: none of its outputs is [batch, classes] in float32, but ${shapes.join(', ')}.`,
    { hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.' },
  )
}
