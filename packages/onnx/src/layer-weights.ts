import { ModelError, type Tensor } from '@loadbearing/core'
import { type Evaluated, evaluateViews, storedViews, throughInverse, type View } from './constant-chains.ts'
import { elementTypeOf } from './element-types.ts'
import { decodeGraph, type Graph } from './graph.ts'
import { called, integerWeighted } from './left-out.ts'
import { replaceWeights, type StoredValues } from './replace-weights.ts'
import { checkSize, readValues, soundWeight } from './tensors.ts'
import { type Storage, storageOf, storedValues } from './weight-storage.ts'
import { layerOperators, type WeightUse, weightUse } from './weights.ts'

export type Uses = readonly [WeightUse, ...WeightUse[]]

/** A stored tensor that nodes use as the weight of a layer. */
export interface LayerWeight {
  /** The nodes, in order of execution. */
  readonly uses: Uses
  /** What the first of them reads. */
  readonly values: Tensor
  readonly view: View
  readonly storage: Storage
  readonly shapes: Evaluated['shapes']
}

export interface LayerWeights {
  /** By name of the stored tensor. */
  readonly weights: ReadonlyMap<string, LayerWeight>
  /** By name, why a stored tensor that nodes use as a weight cannot be replaced. */
  readonly refused: ReadonlyMap<string, string>
  readonly views: ReadonlyMap<string, View>
  /** The graph with every weight stored in the type that it is replaced in; it computes the same. */
  readonly replaceable: Graph
}

/**
 * Finds the weights of a graph's layers, once every tensor of the file has been found sound. A layer is a stored tensor with all
 * the nodes that use it as a weight, whatever lies in between; its shape and axes are those of what the first of them reads.
 *
 * @param bytes the file of `graph`
 * @throws ModelError when there are none, or a tensor is damaged or holds NaN
 */
export async function findWeights(bytes: Uint8Array, graph: Graph, model: string): Promise<LayerWeights> {
  const views = storedViews(graph)
  const values = new Map<string, Tensor>()
  for (const stored of new Set([...views.values()].map((view) => view.stored))) {
    if (stored.type === 'float32') values.set(stored.name, readValues(stored))
    else checkSize(stored)
  }
  const operands = graph.nodes.flatMap(({ op, inputs }) => (layerOperators.has(op) ? inputs.slice(0, 2) : []))
  const computed = [...new Set(operands)].filter((operand) => {
    const view = views.get(operand)
    return view?.stored.type !== undefined && (view.steps.length > 0 || view.stored.type !== 'float32')
  })
  const evaluated = await evaluateViews(graph, views, computed, model)

  const shapeOf = (view: string): readonly number[] =>
    evaluated.values.get(view)?.shape ?? views.get(view)!.stored.shape
  const weights = new Map<string, LayerWeight>()
  const refused = new Map<string, string>()
  for (const [name, uses] of usesByWeight(graph, views, shapeOf)) {
    const view = views.get(uses[0].view)!
    const its = new Map([...views].filter(([, { stored }]) => stored === view.stored))
    const storage = storageOf(graph, its)
    if (typeof storage === 'string') refused.set(name, storage)
    else {
      const read = soundWeight(name, evaluated.values.get(uses[0].view) ?? values.get(name)!)
      weights.set(name, { uses, values: read, view, storage, shapes: evaluated.shapes })
    }
  }
  if (weights.size === 0) throw noWeights(graph, views, refused, model)
  const retyped = [...weights].filter(([, { storage }]) => storage.retypes)
  return { weights, refused, views, replaceable: retyped.length === 0 ? graph : retype(bytes, retyped, model) }
}

function retype(bytes: Uint8Array, weights: readonly (readonly [string, LayerWeight])[], model: string): Graph {
  const own = new Map(weights.map(([name, weight]) => [name, storedWeight(weight, weight.values)]))
  return decodeGraph(replaceWeights(bytes, own), model)
}

/** Values of a layer's weight as the file stores them. */
export function storedWeight({ view, shapes, storage }: LayerWeight, values: Tensor): StoredValues {
  return storedValues(values, view, shapes, storage)
}

/** The stored tensor by which `replaceable` reads these values of a layer's weight, and its element type in the format. */
export function fedWeight({ view, shapes }: LayerWeight, values: Tensor): Tensor {
  return throughInverse(values, view, shapes)
}

/** The stored tensor as an input of a graph. */
export function fedShape(name: string, { view, storage }: LayerWeight) {
  return { name, elementType: elementTypeOf(storage.type), dimensions: view.stored.shape }
}

/** The nodes that use each stored tensor as a layer's weight, in order of execution. */
function usesByWeight(
  graph: Graph,
  views: ReadonlyMap<string, View>,
  shapeOf: (view: string) => readonly number[],
): Map<string, Uses> {
  const uses = new Map<string, Uses>()
  for (const node of graph.nodes) {
    const use = weightUse(node, views, shapeOf)
    if (!use || views.get(use.view)?.stored.type === undefined) continue
    const others = uses.get(use.weight)
    uses.set(use.weight, others ? [...others, use] : [use])
  }
  return uses
}

function noWeights(
  graph: Graph,
  views: ReadonlyMap<string, View>,
  refused: ReadonlyMap<string, string>,
  model: string,
): ModelError {
  const [[name, reason] = []] = refused
  if (reason !== undefined) {
    return noLayers(model, `'${name}' makes none: ${reason}`, 'Export the model in float32.')
  }
  const integers = integerWeighted(graph, views)
  if (integers.length > 0) {
    const first = integers.slice(0, 3).map(called).join(', ')
    const more = integers.length > 3 ? ` and ${integers.length - 3} more` : ''
    return noLayers(
      model,
      `it computes in integers, whose weights cannot be perturbed: ${first}${more}`,
      'Quantize it in the QDQ format (QuantFormat.QDQ of onnxruntime), or measure the float32 model that it was made from.',
    )
  }
  return noLayers(model, 'no Conv, ConvTranspose, Gemm or MatMul with a learned weight')
}

/** What to say of a model without layers. */
export function noLayers(
  model: string,
  because: string,
  hint = 'Loadbearing measures networks that learn by these.',
): ModelError {
  return new ModelError(`${model} has no layers: ${because}.`, { hint })
}
