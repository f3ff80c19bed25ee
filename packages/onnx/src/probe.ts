import { ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import { classScores, type ClassScores, noScores } from './classifier.ts'
import type { ActivationType } from './cut.ts'
import { elementTypeOf, fedTypes } from './element-types.ts'
import { feedsOf, fromOrt, ortTensor, slice } from './feeds.ts'
import { type Graph, proto } from './graph.ts'
import type { Inputs } from './input.ts'
import { withOpenReshapes } from './open-batch.ts'
import { openSession, runSession } from './session.ts'

/** How many examples the graph takes at once: any number, or this many. */
export type Batch = 'open' | number

/** What running the graph tells of it. */
export interface Probed {
  /** The graph itself, or the same with an open batch where its Reshape nodes alone have fixed that. */
  readonly graph: Graph
  /** Of every tensor asked for, and of the inputs. */
  readonly types: Map<string, ActivationType>
  readonly output: ClassScores
  readonly batch: Batch
}

/** The graph encoded again for batches of this size, with the tensors `exposed` as its outputs. */
export function encodeExposing(graph: Graph, inputs: Inputs, batch: Batch, exposed: readonly string[]): Uint8Array {
  const dim = [
    batch === 'open' ? { dimParam: 'batch' } : { dimValue: batch },
    ...inputs.input.shape.map((dimValue) => ({ dimValue })),
  ]
  const copy = proto.ModelProto.create(graph.model)
  copy.graph = proto.GraphProto.create({
    ...graph.model.graph,
    input: graph.inputs.map((input) => ({
      ...input,
      type: { tensorType: { ...input.type?.tensorType, shape: { dim } } },
    })),
    output: exposed.map((name) => ({ name })),
    // Before IR version 4, one that nothing reads must be an input of the graph, or onnxruntime fails.
    initializer: [...graph.initializers.values()].filter(({ name }) => graph.consumers.has(name ?? '')),
    // Declared shapes may carry a fixed batch; the runtime infers them anew.
    valueInfo: [],
  })
  return proto.ModelProto.encode(copy).finish()
}

/**
 * Runs the graph on a batch of one and of two examples, and says of each exposed tensor its type and dimensions: a dimension
 * that differs between the two follows the batch. Asking the runtime is exact for every operator it runs. A graph that fails on
 * two, or whose scores of one example depend on the other, takes no more examples at once than its file declares, unless it does
 * with open Reshape targets, and then gives the same scores.
 *
 * @param exposed names of activations, the graph's outputs among them
 * @throws ModelError when it is no classifier; EngineError and ModelError with the runtime's words where it does not run
 */
export async function probe(graph: Graph, inputs: Inputs, exposed: readonly string[], name: string): Promise<Probed> {
  const opened = await probeOpen(graph, inputs, exposed, name)
  if ('output' in opened) return opened
  const fixed = await probeFixed(graph, inputs, exposed, name, opened)
  const candidate = withOpenReshapes(graph, name)
  const reopened = candidate
    ? // Whatever is wrong with the candidate, the graph itself runs.
      await probeOpen(candidate, inputs, exposed, name, fixed).catch((): NotOpen => ({}))
    : opened
  return 'output' in reopened ? reopened : fixed
}

/** Why a graph does not take batches of every size. */
interface NotOpen {
  readonly cause?: unknown
}

interface Fixed extends Probed {
  readonly examples: Tensor
  readonly scores: Tensor
}

/** @param same what the graph must give for a batch of the size that another graph is fixed at */
async function probeOpen(
  graph: Graph,
  inputs: Inputs,
  exposed: readonly string[],
  name: string,
  same?: Fixed,
): Promise<Probed | NotOpen> {
  const session = await openSession(encodeExposing(graph, inputs, 'open', exposed), name).catch((cause: unknown) => {
    if (inputs.input.batch === undefined) throw cause
    return { cause }
  })
  if ('cause' in session) return session
  try {
    const two = drawn(inputs, 2)
    const run = (batch: Tensor) => runSession(session, feedsOf(inputs, batch), name)
    const first = await run(slice(two, 0, 1)).catch((cause: unknown) => ({ cause }))
    if (failed(first)) {
      if (inputs.input.batch === undefined) throw first.cause
      return first
    }
    const both = await run(two).catch((cause: unknown) => ({ cause }))
    if (failed(both)) return both
    const types = new Map([
      ...exposed.map(
        (tensor) => [tensor, openType(ortTensor(first[tensor], tensor), ortTensor(both[tensor], tensor))] as const,
      ),
      ...inputTypes(inputs, 'open'),
    ])
    const output = classScores(graph, types, name)
    if (!output) {
      const shapes = graph.outputs.map((each) => types.get(each.name ?? '')!.dimensions)
      if (shapes.every(([size]) => size === 1)) return {}
      throw noScores(graph, types, name)
    }
    const scoresIn = (values: typeof first): Tensor => fromOrt(values[output.name], output.name)
    const second = await run(slice(two, 1, 2))
    const together = scoresIn(both)
    const alone = [first, second].map(scoresIn)
    const differ = (share: number): boolean =>
      alone.some((scores, i) => apart(scores, slice(together, i, i + 1), share))
    // What magnifies rounding (a normalisation of what hardly varies) gives other scores in a batch of two than alone, but the very same
    // beside another neighbour.
    const isRounding = async (): Promise<boolean> => {
      const besideItself = scoresIn(await run(twice(slice(two, 0, 1))))
      return !differ(1e-2) && !apart(slice(besideItself, 0, 1), slice(together, 0, 1), 0)
    }
    if (differ(1e-3) && !(await isRounding())) return {}
    if (same && apart(same.scores, scoresIn(await run(same.examples)), 1e-3)) return {}
    return { graph, types, output, batch: 'open' }
  } finally {
    await session.release()
  }
}

async function probeFixed(
  graph: Graph,
  inputs: Inputs,
  exposed: readonly string[],
  name: string,
  { cause }: NotOpen,
): Promise<Fixed> {
  const batch = inputs.input.batch ?? 1
  const session = await openSession(encodeExposing(graph, inputs, batch, exposed), name)
  try {
    const examples = drawn(inputs, batch)
    const values = await runSession(session, feedsOf(inputs, examples), name)
    const types = new Map([
      ...exposed.map((tensor) => [tensor, fixedType(ortTensor(values[tensor], tensor), batch)] as const),
      ...inputTypes(inputs, batch),
    ])
    const output = classScores(graph, types, name)
    if (!output) throw noScores(graph, types, name)
    return { graph, types, output, batch, examples, scores: fromOrt(values[output.name], output.name) }
  } catch (error) {
    // The file declares a batch, and the graph takes none at all: what it said to one example tells more.
    throw error instanceof ModelError || cause === undefined ? error : cause
  } finally {
    await session.release()
  }
}

function failed(run: ort.InferenceSession.OnnxValueMapType | { readonly cause: unknown }): run is { cause: unknown } {
  return 'cause' in run
}

/** Examples that differ: numbers from 0 to 1, or, where the graph takes integers, zeros and ones. */
function drawn({ input }: Inputs, batch: number): Tensor {
  const shape = [batch, ...input.shape]
  const isFloat = input.type.startsWith('float')
  let state = 1
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    // Park and Miller's generator: exact in doubles, and the same on every machine.
    state = (state * 48271) % 2147483647
    return isFloat ? state / 2147483647 : state % 2
  })
  return { shape, data }
}

function twice({ shape: [, ...shape], data }: Tensor): Tensor {
  return { shape: [2, ...shape], data: Float32Array.from([...data, ...data]) }
}

/** Whether the same examples have got other scores, by more than a share of the largest. */
function apart(one: Tensor, other: Tensor, share: number): boolean {
  const largest = one.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return (
    one.data.length !== other.data.length ||
    one.data.some((value, i) => Math.abs(value - other.data[i]!) > share * largest)
  )
}

function openType(one: ort.Tensor, two: ort.Tensor): ActivationType {
  const dimensions = one.dims.map((size, axis) =>
    two.dims[axis] === size ? size : `batch${size === 1 ? '' : `x${size}`}`,
  )
  return { elementType: elementTypeOf(one.type), dimensions, batchAxis: axisOf(dimensions, 'batch'), atOne: one.dims }
}

/** Which axis is the batch can be told by its size alone. */
function fixedType({ type, dims }: ort.Tensor, batch: number): ActivationType {
  const batchAxis = batch === 1 ? axisOf(dims.slice(0, 1), 1) : axisOf(dims, batch)
  const holding = batchAxis ?? dims.findIndex((size) => size % batch === 0)
  const atOne = dims.map((size, axis) => (axis === holding ? size / batch : size))
  return { elementType: elementTypeOf(type), dimensions: dims, batchAxis, atOne }
}

function inputTypes({ input, filled }: Inputs, batch: Batch): [string, ActivationType][] {
  return [input, ...filled].map(({ name, type }) => [
    name,
    {
      elementType: fedTypes[type],
      dimensions: [batch === 'open' ? 'batch' : batch, ...input.shape],
      batchAxis: 0,
      atOne: [1, ...input.shape],
    },
  ])
}

function axisOf<Size>(sizes: readonly Size[], size: Size): number | undefined {
  const axis = sizes.indexOf(size)
  return axis === -1 ? undefined : axis
}
