import { sizeOf, type Tensor } from '@loadbearing/core'
import { constantNodes } from './cut.ts'
import { fromOrt } from './feeds.ts'
import { type Graph, type GraphNode, integersAttribute, proto } from './graph.ts'
import { openSession, runSession } from './session.ts'
import { type StoredTensor, storedTensors } from './tensors.ts'

/** How a name reads a stored tensor: through these nodes, first to last; none where it reads it as it is. */
export interface View {
  readonly stored: StoredTensor
  readonly steps: readonly GraphNode[]
}

/** Nodes that put the values of a tensor into another order or shape, and so can be undone. */
const layoutOperators = new Set(['Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'])

/** Nodes that give the values another type, which may lose some of them. */
const typeOperators = new Set(['Cast', 'DequantizeLinear', 'com.microsoft.DequantizeLinear'])

/** Every name under which nodes read a stored tensor: its own, and those behind nodes that change its layout or type. */
export function storedViews(graph: Graph): Map<string, View> {
  const constant = constantNodes(graph)
  const views = new Map<string, View>([...storedTensors(graph)].map(([name, stored]) => [name, { stored, steps: [] }]))
  for (const node of graph.nodes) {
    const [made] = node.outputs
    const read = views.get(node.inputs[0] ?? '')
    if (!read || made === undefined || !constant.has(node)) continue
    if (node.op === 'Identity') views.set(made, read)
    else if (layoutOperators.has(node.op) || typeOperators.has(node.op)) {
      views.set(made, { stored: read.stored, steps: [...read.steps, node] })
    }
  }
  return views
}

/** The first node of a view that gives the values another type. */
export function typeStep({ steps }: View): GraphNode | undefined {
  return steps.find(({ op }) => typeOperators.has(op))
}

/** What onnxruntime makes of constants. */
export interface Evaluated {
  /** By name, as float32. */
  readonly values: ReadonlyMap<string, Tensor>
  /** Shape of what each node on the way reads. */
  readonly shapes: ReadonlyMap<GraphNode, readonly number[]>
}

/**
 * Computes views of stored tensors by the nodes of the graph alone that make them.
 *
 * @param names of the views
 * @throws ModelError or EngineError with the runtime's words when it cannot
 */
export async function evaluateViews(
  graph: Graph,
  views: ReadonlyMap<string, View>,
  names: readonly string[],
  model: string,
): Promise<Evaluated> {
  if (names.length === 0) return { values: new Map(), shapes: new Map() }
  const steps = [...new Set(names.flatMap((name) => views.get(name)!.steps))]
  const needed = new Set<GraphNode>()
  const initializers = new Set<string>()
  const pending = [...names]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = graph.producers.get(name)
    if (!node) initializers.add(name)
    else if (!needed.has(node)) {
      needed.add(node)
      pending.push(...node.reads)
    }
  }
  const valueName = (i: number): string => `loadbearing.value.${i}`
  const shapeName = (i: number): string => `loadbearing.shape.${i}`
  const { FLOAT } = proto.TensorProto.DataType
  const copy = proto.ModelProto.create(graph.model)
  copy.graph = proto.GraphProto.create({
    name: 'constants',
    node: [
      ...graph.nodes.filter((node) => needed.has(node)).map((node) => node.proto),
      ...names.map((name, i) => ({
        opType: 'Cast',
        input: [name],
        output: [valueName(i)],
        attribute: [{ name: 'to', type: proto.AttributeProto.AttributeType.INT, i: FLOAT }],
      })),
      ...steps.map((step, i) => ({ opType: 'Shape', input: [step.inputs[0]!], output: [shapeName(i)] })),
    ],
    initializer: [...initializers].map((name) => graph.initializers.get(name)!),
    output: [...names.map((_, i) => ({ name: valueName(i) })), ...steps.map((_, i) => ({ name: shapeName(i) }))],
  })
  const session = await openSession(proto.ModelProto.encode(copy).finish(), model)
  try {
    const made = await runSession(session, {}, model)
    return {
      values: new Map(names.map((name, i) => [name, fromOrt(made[valueName(i)], name)])),
      shapes: new Map(steps.map((step, i) => [step, [...fromOrt(made[shapeName(i)], step.name).data]])),
    }
  } finally {
    await session.release()
  }
}

/**
 * The stored tensor whose view `values` is, as far as layout goes: the inverse of every Transpose, Reshape, Squeeze and Unsqueeze
 * on the way, last to first. Changes of type are passed over.
 */
export function throughInverse(values: Tensor, { steps }: View, shapes: Evaluated['shapes']): Tensor {
  return steps.toReversed().reduce<Tensor>((made, step) => {
    if (!layoutOperators.has(step.op)) return made
    const shape = shapes.get(step)!
    if (step.op !== 'Transpose') return { shape, data: made.data }
    const given = integersAttribute(step, 'perm')
    const permutation = given.length > 0 ? given : shape.map((_, axis) => shape.length - 1 - axis)
    return inverseTranspose(made, permutation)
  }, values)
}

/** The tensor of which `made` is the Transpose: axis i of `made` is axis `permutation[i]` of it. */
function inverseTranspose({ shape, data }: Tensor, permutation: readonly number[]): Tensor {
  const original = shape.map((_, axis) => shape[permutation.indexOf(axis)]!)
  // How far apart neighbours along each axis of the original lie in `made`.
  const strides = original.map((_, axis) => sizeOf(shape.slice(permutation.indexOf(axis) + 1)))
  const values = new Float32Array(data.length)
  const at = original.map(() => 0)
  let from = 0
  for (let i = 0; i < values.length; i++) {
    values[i] = data[from]!
    for (let axis = at.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++at[axis]! < original[axis]!) break
      from -= strides[axis]! * original[axis]!
      at[axis] = 0
    }
  }
  return { shape: original, data: values }
}
