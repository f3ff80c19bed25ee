import { createHash } from 'node:crypto'
import { InputError, type Layer, ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { type ActivationType, type Cut, cutBehind, encodeCut } from './cut.ts'
import { decodeGraph, type Graph, proto } from './graph.ts'
import { declaredInput, encodeExposing, type InputDeclaration, probeTypes } from './probe.ts'
import { readValues, storedFrom, storedTensors } from './tensors.ts'
import { type LeftOut, reasonLeftOut, type WeightUse, weightUse } from './weights.ts'

/** A classifier read from an ONNX file: its layers, and what is needed to run and cut it. */
export interface OnnxModel {
  readonly name: string
  /** SHA-256 of the file, in hex. */
  readonly sha256: string
  readonly opset: number
  readonly input: InputDeclaration
  readonly output: { readonly name: string; readonly classes: number }
  /** In order of execution. */
  readonly layers: readonly Layer[]
  /** What is learned but makes no layer, and why. */
  readonly leftOut: readonly LeftOut[]
  /** The layer's weight as the file has it; shared, not to be written to. @throws InputError on a layer of another model */
  readonly weight: (layer: Layer) => Tensor
  /** The network's file with other values in place of some layers' weights. @throws InputError on a weight of another shape */
  readonly encodeWith: (weights: ReadonlyMap<string, Tensor>) => Uint8Array
  /** The network's file with `tensors` as its outputs and a named batch. */
  readonly encodeExposing: (tensors: readonly string[]) => Uint8Array
  /** What a layer's first consuming node reads and makes, by name of the tensor. */
  readonly tensorsAround: (layer: Layer) => { readonly input: string; readonly output: string }
  /** The part of the network behind a layer's weight, as a model with the weight among its inputs. */
  readonly suffix: (layer: Layer) => { readonly bytes: Uint8Array; readonly frontier: readonly string[] }
}

interface FoundLayer {
  readonly uses: [WeightUse, ...WeightUse[]]
  readonly weight: Tensor
  readonly cut: Cut
}

/**
 * Reads an ONNX classifier.
 *
 * @param bytes the file
 * @param options.name what to call it in errors
 * @throws ModelError when it is damaged, has no layers, is no classifier, or holds NaN; EngineError when onnxruntime lacks an operator
 */
export async function readModel(bytes: Uint8Array, { name }: { readonly name: string }): Promise<OnnxModel> {
  const graph = decodeGraph(bytes, name)
  const stored = storedTensors(graph)
  const uses = new Map<string, [WeightUse, ...WeightUse[]]>()
  for (const node of graph.nodes) {
    const use = weightUse(node, stored)
    if (!use) continue
    const others = uses.get(use.weight)
    if (others) others.push(use)
    else uses.set(use.weight, [use])
  }
  const perturbable = [...uses].filter(([weight]) => stored.get(weight)?.type === 'float32')
  if (perturbable.length === 0) {
    throw new ModelError(
      `${name} has no layers: no Conv, ConvTranspose, Gemm or MatMul with a learned float32 weight.`,
      {
        hint:
          uses.size > 0
            ? 'Its weights are of another type; export it in float32.'
            : 'Loadbearing measures networks that learn by these.',
      },
    )
  }
  const input = declaredInput(graph, name)
  const candidates = graph.outputs.map((output) => output.name ?? '')
  const around = perturbable.flatMap(([, [use]]) => tensorsOf(use)).flatMap(({ input: read, output }) => [read, output])
  // The network's input is no output of a node; its type is known.
  const ahead = perturbable.flatMap(([weight]) =>
    candidates.flatMap((output) => cutBehind(graph, weight, output).frontier),
  )
  const exposed = [...new Set([...candidates, ...around, ...ahead])].filter((tensor) => tensor !== input.name)
  const types = await probeTypes(graph, input, exposed, name)
  types.set(input.name, { elementType: proto.TensorProto.DataType.FLOAT, dimensions: ['batch', ...input.shape] })

  const output = classifierOutput(candidates, types, name)
  const found = new Map<string, FoundLayer>(
    perturbable.map(([weight, its]) => [
      weight,
      { uses: its, weight: readValues(stored.get(weight)!), cut: cutBehind(graph, weight, output.name) },
    ]),
  )
  const layers = [...found].map(([weight, layer], depth) => describe(weight, layer, depth, types))
  const get = (layer: Layer): FoundLayer => {
    const its = found.get(layer.name)
    if (!its) throw new InputError(`${name} has no layer '${layer.name}'.`)
    return its
  }

  return {
    name,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    opset: graph.opset,
    input,
    output,
    layers,
    leftOut: [...stored.values()]
      .filter((tensor) => tensor.type !== undefined && !found.has(tensor.name))
      .map((tensor) => ({
        name: tensor.name,
        shape: tensor.shape,
        parameters: sizeOf(tensor.shape),
        reason: reasonLeftOut(graph, tensor, uses.has(tensor.name)),
      })),
    weight: (layer) => get(layer).weight,
    encodeWith: (weights) => encodeWith(graph, found, weights, name),
    encodeExposing: (tensors) => encodeExposing(graph, tensors),
    tensorsAround: (layer) => tensorsOf(get(layer).uses[0])[0]!,
    suffix: (layer) => {
      const { cut, weight } = get(layer)
      return {
        bytes: encodeCut(graph, cut, { name: layer.name, shape: weight.shape }, output.name, types),
        frontier: cut.frontier,
      }
    },
  }
}

function tensorsOf(use: WeightUse): { input: string; output: string }[] {
  return [{ input: use.node.inputs[use.dataInput]!, output: use.node.outputs[0]! }]
}

function classifierOutput(
  candidates: readonly string[],
  types: ReadonlyMap<string, ActivationType>,
  name: string,
): { name: string; classes: number } {
  for (const candidate of candidates) {
    const { elementType, dimensions } = types.get(candidate)!
    const [batch, classes, ...rest] = dimensions
    const flat = rest.every((size) => size === 1)
    if (
      elementType === proto.TensorProto.DataType.FLOAT &&
      batch === 'batch' &&
      typeof classes === 'number' &&
      classes >= 2 &&
      flat
    ) {
      return { name: candidate, classes }
    }
  }
  const shapes = candidates.map((candidate) => `'${candidate}' [${types.get(candidate)!.dimensions.join(', ')}]`)
  throw new ModelError(
    `${name} is no classifier: none of its outputs is [batch, classes] in float32, but ${shapes.join(', ')}.`,
    {
      hint: 'Layer importance is measured as accuracy lost, so the model must give one score a class.',
    },
  )
}

function describe(
  name: string,
  { uses, weight }: FoundLayer,
  depth: number,
  types: ReadonlyMap<string, ActivationType>,
): Layer {
  const [first] = uses
  const shapeOf = (tensor: string): number[] =>
    (types.get(tensor)?.dimensions ?? [])
      .slice(1)
      .map((size) => (typeof size === 'number' ? size : Number(size.split('x')[1] ?? 1)))
  const sizeAtOne = (tensor: string): number =>
    sizeOf(
      (types.get(tensor)?.dimensions ?? []).map((size) =>
        typeof size === 'number' ? size : Number(size.split('x')[1] ?? 1),
      ),
    )
  const macs = uses.reduce((total, use) => {
    const [{ input, output }] = tensorsOf(use) as [{ input: string; output: string }]
    // Each output of a layer is a sum over the inputs it sees; of a transposed convolution, each input spreads over outputs.
    return use.op === 'ConvTranspose'
      ? total + sizeAtOne(input) * (weight.data.length / weight.shape[use.inputAxis]!)
      : total + sizeAtOne(output) * (weight.data.length / outputsPerGroup(use, weight.shape))
  }, 0)
  const [around] = tensorsOf(first) as [{ input: string; output: string }]
  return {
    name,
    op: first.op,
    nodes: uses.map((use) => use.node.name),
    depth,
    weightShape: weight.shape,
    outputAxis: first.outputAxis,
    inputAxis: first.inputAxis,
    groups: first.groups,
    parameters: weight.data.length,
    macs,
    inputShape: shapeOf(around.input),
    outputShape: shapeOf(around.output),
  }
}

/** How many of the weight's elements share one sum: all of one output channel (and of one matrix, for a batched MatMul weight). */
function outputsPerGroup(use: WeightUse, shape: readonly number[]): number {
  return use.op === 'MatMul' ? sizeOf(shape) / shape[use.inputAxis]! : shape[use.outputAxis]!
}

function encodeWith(
  graph: Graph,
  found: ReadonlyMap<string, FoundLayer>,
  weights: ReadonlyMap<string, Tensor>,
  name: string,
): Uint8Array {
  for (const [weight, { shape }] of weights) {
    const original = found.get(weight)?.weight
    if (!original) throw new InputError(`${name} has no layer '${weight}'.`)
    if (original.shape.join() !== shape.join()) {
      throw new InputError(
        `Layer '${weight}' of ${name} has shape [${original.shape.join(', ')}], not [${shape.join(', ')}].`,
      )
    }
  }
  const replaced = (tensor: onnx.ITensorProto): onnx.ITensorProto => {
    const weight = weights.get(tensor.name ?? '')
    return weight ? storedFrom(tensor.name ?? '', weight) : tensor
  }
  const replacedConstant = (node: onnx.INodeProto): onnx.INodeProto => {
    const made = node.output?.[0] ?? ''
    const weight = node.opType === 'Constant' ? weights.get(made) : undefined
    if (!weight) return node
    const attribute = (node.attribute ?? []).map((each) =>
      each.name === 'value' ? { ...each, t: storedFrom(made, weight) } : each,
    )
    return { ...node, attribute }
  }
  const { graph: original } = graph.model
  return proto.ModelProto.encode({
    ...graph.model,
    graph: {
      ...original,
      initializer: (original?.initializer ?? []).map(replaced),
      node: (original?.node ?? []).map(replacedConstant),
    },
  }).finish()
}
