import { createHash } from 'node:crypto'
import { InputError, type Layer, ModelError, type Tensor } from '@loadbearing/core'
import { classScores, type ClassScores } from './classifier.ts'
import { constantNodes, type Cut, cutBehind, encodeCut } from './cut.ts'
import { decodeGraph, type Graph, proto } from './graph.ts'
import { declaredInput, type InputDeclaration } from './input.ts'
import { describeLayer } from './layers.ts'
import { leftOut, type LeftOut } from './left-out.ts'
import { encodeExposing, probeTypes } from './probe.ts'
import { replaceWeights } from './replace-weights.ts'
import { readValues, readWeight, type StoredTensor, storedTensors } from './tensors.ts'
import { type WeightUse, weightUse } from './weights.ts'

/** A classifier read from an ONNX file: its layers, and what is needed to run and cut it. */
export interface OnnxModel {
  readonly name: string
  /** SHA-256 of the file, in hex. */
  readonly sha256: string
  readonly opset: number
  readonly input: InputDeclaration
  readonly output: ClassScores
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

type Uses = readonly [WeightUse, ...WeightUse[]]

interface FoundLayer {
  readonly layer: Layer
  readonly uses: Uses
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
  const uses = usesByWeight(graph, stored)
  const weights = readWeights(stored, uses, name)
  const input = declaredInput(graph, name)

  const outputs = graph.outputs.map((output) => output.name ?? '')
  const cuts = [...weights.keys()].flatMap((weight) => outputs.map((output) => cutBehind(graph, weight, output)))
  const around = [...weights.keys()].flatMap((weight) => uses.get(weight)!.flatMap(({ data, made }) => [data, made]))
  const exposed = new Set([...outputs, ...around, ...cuts.flatMap(({ frontier }) => frontier)])
  // The network's input is no output of a node; its type is known.
  exposed.delete(input.name)
  const types = await probeTypes(graph, input, [...exposed], name)
  types.set(input.name, {
    elementType: proto.TensorProto.DataType.FLOAT,
    dimensions: ['batch', ...input.shape],
    atOne: [1, ...input.shape],
  })
  const output = classScores(graph, types, name)

  const reaching = [...weights]
    .map(([weight, values]) => ({ weight, values, cut: cutBehind(graph, weight, output.name) }))
    .filter(({ cut }) => cut.nodes.length > 0)
  if (reaching.length === 0) throw noLayers(name, `none that reaches the class scores '${output.name}'`)
  const found = new Map<string, FoundLayer>(
    reaching.map(({ weight, values, cut }, depth) => {
      const its = uses.get(weight)!
      const layer = describeLayer(weight, its, values.shape, depth, types)
      return [weight, { layer, uses: its, weight: values, cut }]
    }),
  )
  const get = (layer: string): FoundLayer => {
    const its = found.get(layer)
    if (!its) throw new InputError(`${name} has no layer '${layer}'.`)
    return its
  }

  return {
    name,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    opset: graph.opset,
    input,
    output,
    layers: [...found.values()].map(({ layer }) => layer),
    leftOut: leftOut(graph, stored, new Set(found.keys()), new Set(uses.keys()), constantNodes(graph)),
    weight: (layer) => get(layer.name).weight,
    encodeWith: (replacements) => {
      for (const [layer, { shape }] of replacements) {
        const expected = get(layer).weight.shape
        if (expected.join() === shape.join()) continue
        throw new InputError(
          `Layer '${layer}' of ${name} has shape [${expected.join(', ')}], not [${shape.join(', ')}].`,
        )
      }
      return replaceWeights(bytes, replacements)
    },
    encodeExposing: (tensors) => encodeExposing(graph, tensors),
    tensorsAround: (layer) => {
      const [{ data, made }] = get(layer.name).uses
      return { input: data, output: made }
    },
    suffix: (layer) => {
      const { cut, weight } = get(layer.name)
      return {
        bytes: encodeCut(graph, cut, { name: layer.name, shape: weight.shape }, output.name, types),
        frontier: cut.frontier,
      }
    },
  }
}

/** The nodes that use each stored tensor as a layer's weight, in order of execution. */
function usesByWeight(graph: Graph, stored: ReadonlyMap<string, StoredTensor>): Map<string, Uses> {
  const uses = new Map<string, Uses>()
  for (const node of graph.nodes) {
    const use = weightUse(node, stored)
    if (!use) continue
    const others = uses.get(use.weight)
    uses.set(use.weight, others ? [...others, use] : [use])
  }
  return uses
}

/** The float32 weights among `uses`, once every float32 tensor of the file has been found sound. */
function readWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  uses: ReadonlyMap<string, Uses>,
  model: string,
): Map<string, Tensor> {
  const sound = new Map<string, Tensor>()
  for (const tensor of new Set(stored.values())) {
    if (tensor.type !== 'float32') continue
    if (uses.has(tensor.name)) sound.set(tensor.name, readWeight(tensor))
    else readValues(tensor)
  }
  const weights = new Map([...uses.keys()].flatMap((name) => (sound.has(name) ? [[name, sound.get(name)!]] : [])))
  if (weights.size > 0) return weights
  throw noLayers(
    model,
    'no Conv, ConvTranspose, Gemm or MatMul with a learned float32 weight',
    uses.size > 0 ? 'Its weights are of another type; export it in float32.' : undefined,
  )
}

function noLayers(model: string, because: string, hint = 'Loadbearing measures networks that learn by these.') {
  return new ModelError(`${model} has no layers: ${because}.`, { hint })
}
