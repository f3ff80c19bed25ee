import { InputError, type Layer, type Tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import type { ClassScores } from './classifier.ts'
import { ancestors, constantNodes, type Cut, cutBehind, encodeCut } from './cut.ts'
import { fedType } from './element-types.ts'
import { digestOf, inlineExternal, type ReadExternal } from './external-data.ts'
import { toOrt } from './feeds.ts'
import { refuseEndlessFunctions, refuseLossyFunctions } from './functions.ts'
import { decodeGraph } from './graph.ts'
import { declaredInputs, type FilledInput, type InputDeclaration, openInput, type OpenInput } from './input.ts'
import {
  fedShape,
  fedWeight,
  findWeights,
  type LayerWeight,
  noLayers,
  storedWeight,
  type Uses,
} from './layer-weights.ts'
import { describeLayer } from './layers.ts'
import { leftOut, type LeftOut } from './left-out.ts'
import { notesOn } from './notes.ts'
import { withOpenReshapes } from './open-batch.ts'
import { type Batch, encodeExposing, probe } from './probe.ts'
import { type Program, programOf } from './program.ts'
import { refuseRandom } from './randomness.ts'
import { replaceWeights } from './replace-weights.ts'

/** A classifier read from an ONNX file: its layers, and what is needed to run and cut it. */
export interface OnnxModel {
  readonly name: string
  /** The file, with the values of external data within it: what `openNetwork` runs. */
  readonly bytes: Uint8Array
  /** SHA-256 of the file, in hex; with external data, SHA-256 of the digests of the file and of those beside it, by name. */
  readonly sha256: string
  readonly opset: number
  readonly input: InputDeclaration
  /** Inputs beside it, which are filled the same way for every example. */
  readonly filled: readonly FilledInput[]
  /** How many examples the graph takes at once: any number, or this many; batches of every size are run in pieces then. */
  readonly batch: Batch
  readonly output: ClassScores
  /** In order of execution. */
  readonly layers: readonly Layer[]
  /** What is learned but makes no layer, and why. */
  readonly leftOut: readonly LeftOut[]
  /** What a reader of measurements should know of how the network is run, a sentence each. */
  readonly notes: readonly string[]
  /** The layer's weight as its first node reads it, in float32; shared, not to be written to. @throws InputError on a layer of another model */
  readonly weight: (layer: Layer) => Tensor
  /**
   * The network's file with other values in place of some layers' weights: in the stored tensor, through the inverse of every
   * Transpose and Reshape in between; behind a Cast or DequantizeLinear that all its readers share, in the type that this gives.
   *
   * @throws InputError on a weight of another shape
   */
  readonly encodeWith: (weights: ReadonlyMap<string, Tensor>) => Uint8Array
  /** The network's file with `tensors` as its outputs and a named batch. */
  readonly encodeExposing: (tensors: readonly string[]) => Uint8Array
  /** A file of this network as a session takes batches: with an open batch where the graph takes any, whatever the file declares. */
  readonly encodeRunnable: (file: Uint8Array) => Uint8Array
  /** What a layer's first consuming node reads and makes, by name of the tensor. */
  readonly tensorsAround: (layer: Layer) => { readonly input: string; readonly output: string }
  /** The axis of the batch of a tensor that `tensorsAround` names; undefined where it has none of its own. */
  readonly batchAxis: (tensor: string) => number | undefined
  /** The network node by node, for an engine other than onnxruntime. @throws ModelError where it carries a tensor of no numbers */
  readonly program: () => Program
  /** The part of the network behind a layer's weight, as a model with the weight among its inputs. */
  readonly suffix: (layer: Layer) => Suffix
  /** The part behind what a layer's first consuming node makes; undefined where that is the class scores. */
  readonly outputSuffix: (layer: Layer) => Suffix | undefined
}

/** The part of a network behind one tensor. */
export interface Suffix {
  /** A model with the tensor and the frontier as its inputs and the class scores as its output. */
  readonly encode: () => Uint8Array
  /** The tensor that it is behind. */
  readonly changed: string
  /** Values of the layer's weight or output as that tensor, in the layout and type that the graph has it. */
  readonly feed: (values: Tensor) => ort.Tensor
  /** What it reads besides. */
  readonly frontier: readonly string[]
}

interface FoundLayer {
  readonly layer: Layer
  readonly weight: LayerWeight
  readonly cut: Cut
}

export interface ReadOptions {
  /** What to call the model in errors. */
  readonly name: string
  /** Reads a file beside the model, where its weights are in one. */
  readonly external?: ReadExternal | undefined
  /** Shape of one example, or who knows it, where the file leaves more than the batch open: a sequence's length, an image's size. */
  readonly inputShape?: readonly number[] | AskShape | undefined
}

/** Says the shape of one example of an input that the file leaves open; undefined where nobody knows. */
export type AskShape = (input: OpenInput) => Promise<readonly number[] | undefined>

/**
 * Reads an ONNX classifier.
 *
 * @param file the bytes of the file
 * @throws ModelError when it is damaged, has no layers, is no classifier, holds NaN, or draws random numbers; EngineError when
 *   onnxruntime lacks an operator; InputError when `inputShape` is not what it declares
 */
export async function readModel(file: Uint8Array, { name, external, inputShape }: ReadOptions): Promise<OnnxModel> {
  const decoded = decodeGraph(file, name)
  refuseEndlessFunctions(decoded.model, name)
  const { bytes, files } = await inlineExternal(file, decoded.model, name, external)
  refuseLossyFunctions(bytes, decoded.model, name)
  const original = bytes === file ? decoded : decodeGraph(bytes, name)
  const weights = await findWeights(bytes, original, name)
  const { replaceable } = weights
  const open = typeof inputShape === 'function' ? openInput(replaceable, name) : undefined
  const exampleShape = typeof inputShape === 'function' ? open && (await inputShape(open)) : inputShape
  const inputs = declaredInputs(replaceable, name, exampleShape)

  const outputs = replaceable.outputs.map((output) => output.name ?? '')
  const uses = [...weights.weights.values()].flatMap((weight) => weight.uses)
  const around = uses.flatMap(({ data, made }) => [data, made])
  const changed = [...weights.weights.keys(), ...uses.map(({ made }) => made)]
  const cuts = changed.flatMap((tensor) => outputs.map((output) => cutBehind(replaceable, tensor, output)))
  const exposed = new Set([...outputs, ...around, ...cuts.flatMap(({ frontier }) => frontier)])
  // The network's inputs are no outputs of nodes; their types are known.
  for (const given of [inputs.input, ...inputs.filled]) exposed.delete(given.name)
  const { graph, types, output, batch } = await probe(replaceable, inputs, [...exposed], name)
  const isReopened = graph !== replaceable
  const needed = ancestors(graph, output.name)
  refuseRandom(graph, needed, name)

  const made = new Set([...needed].flatMap((node) => node.outputs))
  const reaching = [...weights.weights].flatMap(([stored, weight]) => {
    const [first, ...others] = weight.uses.filter((use) => made.has(use.made))
    const its: Uses | undefined = first && [first, ...others]
    return its ? [[stored, { ...weight, uses: its }] as const] : []
  })
  if (reaching.length === 0) throw noLayers(name, `none that reaches the class scores '${output.name}'`)
  const found = new Map<string, FoundLayer>(
    reaching.map(([stored, weight], depth) => {
      const layer = describeLayer(stored, weight.uses, weight.values.shape, depth, types)
      return [stored, { layer, weight, cut: cutBehind(graph, stored, output.name) }]
    }),
  )
  const get = (layer: string): FoundLayer => {
    const its = found.get(layer)
    if (!its) throw new InputError(`${name} has no layer '${layer}'.`)
    return its
  }
  const aside = [...weights.weights.keys()].filter((stored) => !found.has(stored))
  const refused = new Map([
    ...weights.refused,
    ...aside.map((stored) => [stored, 'its layer does not reach the class scores'] as const),
  ])

  return {
    name,
    bytes,
    sha256: digestOf(file, files),
    opset: graph.opset,
    ...inputs,
    batch,
    output,
    layers: [...found.values()].map(({ layer }) => layer),
    leftOut: leftOut(original, weights.views, new Set(found.keys()), refused, constantNodes(original)),
    notes: notesOn(original, weights, new Map(reaching), inputs, { batch, isReopened }, output),
    weight: (layer) => get(layer.name).weight.values,
    encodeWith: (replacements) => {
      const stored = [...replacements].map(([layer, values]) => {
        const { weight } = get(layer)
        const expected = weight.values.shape
        if (expected.join() === values.shape.join()) return [layer, storedWeight(weight, values)] as const
        throw new InputError(
          `Layer '${layer}' of ${name} has shape [${expected.join(', ')}], not [${values.shape.join(', ')}].`,
        )
      })
      return replaceWeights(bytes, new Map(stored))
    },
    encodeExposing: (tensors) => encodeExposing(graph, inputs, batch, tensors),
    encodeRunnable: (given) => {
      if (batch !== 'open' || (inputs.input.batch === undefined && !isReopened)) return given
      const read = decodeGraph(given, name)
      const opened = isReopened ? withOpenReshapes(read, name) : undefined
      return encodeExposing(opened ?? read, inputs, batch, [output.name])
    },
    tensorsAround: (layer) => {
      const [{ data, made: makes }] = get(layer.name).weight.uses
      return { input: data, output: makes }
    },
    program: () => ({
      ...programOf(graph, inputs, output.name),
      stored: (layer, values) => fedWeight(get(layer.name).weight, values),
      weightRead: (layer) => get(layer.name).weight.uses[0].view,
    }),
    batchAxis: (tensor) => types.get(tensor)?.batchAxis,
    suffix: (layer) => {
      const { cut, weight } = get(layer.name)
      return {
        encode: () => encodeCut(graph, cut, fedShape(layer.name, weight), output.name, types),
        changed: layer.name,
        feed: (values) => toOrt(fedWeight(weight, values), weight.storage.type),
        frontier: cut.frontier,
      }
    },
    outputSuffix: (layer) => {
      const [{ made: makes }] = get(layer.name).weight.uses
      if (makes === output.name) return undefined
      const cut = cutBehind(graph, makes, output.name)
      const type = types.get(makes)!
      return {
        encode: () => encodeCut(graph, cut, { name: makes, ...type }, output.name, types),
        changed: makes,
        feed: (values) => toOrt(values, fedType(type.elementType)),
        frontier: cut.frontier,
      }
    },
  }
}
