import { EngineError, InputError, type Layer, type Tensor, tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import { feedsOf, fromOrt, slice } from './feeds.ts'
import type { OnnxModel, Suffix } from './model.ts'
import { batchesOf, checkInputs, joinLogits, type Piece, scoresOf } from './network.ts'
import { openSession, runSession } from './session.ts'

/**
 * Runs a network again and again with other weights in one layer, or with another output of one layer, and never what
 * stands in front of that: the activations there (the frontier) are computed once a chunk of examples, for all layers in
 * one pass, and kept. Memory: the frontiers of one chunk, and one session. Runs that are asked for at once come one after the other.
 */
export interface SuffixEngine {
  /** Takes up a chunk of examples [n, …], not to be written to while it is run, and returns its unperturbed logits [n, classes]. */
  readonly advance: (inputs: Tensor) => Promise<Tensor>
  /** Logits [n, classes] of the chunk with `weight` in place of the layer's own. @throws InputError before `advance`, or on another shape */
  readonly run: (layer: Layer, weight: Tensor) => Promise<Tensor>
  /**
   * Logits [n, classes] of the chunk with another output of the layer. The other nodes of a layer of several stay as they are.
   *
   * @param change called once a batch, in order, with what the layer's first consuming node makes of it (not to be written to) and the
   *   position of the batch's first example in the chunk; returns a tensor of the same shape
   * @throws InputError before `advance`, or where `change` returns another shape
   */
  readonly runOutput: (layer: Layer, change: (output: Tensor, start: number) => Tensor) => Promise<Tensor>
  readonly release: () => Promise<void>
}

/** A piece of the chunk, with the activations that the parts read. */
interface Taken extends Pick<Piece, 'start' | 'count'> {
  readonly values: Readonly<Record<string, ort.OnnxValue>>
}

/**
 * Takes a network apart. A session of the front, or of what lies behind a layer, takes the place of the one before it: each keeps what it
 * computed in, so that one a layer would take many times the memory of the network, and opening one takes no longer than to run it on a
 * chunk.
 *
 * @param options.weights layers that `run` will be asked for; all by default
 * @param options.outputs layers that `runOutput` will be asked for; none by default
 */
export async function openSuffixes(
  model: OnnxModel,
  {
    weights = model.layers,
    outputs = [],
  }: { readonly weights?: readonly Layer[]; readonly outputs?: readonly Layer[] } = {},
): Promise<SuffixEngine> {
  const behindWeights = new Map(weights.map((layer) => [layer.name, model.suffix(layer)]))
  const behindOutputs = new Map(outputs.map((layer) => [layer.name, model.outputSuffix(layer)]))
  const kept = new Set([...behindWeights.values(), ...behindOutputs.values()].flatMap((part) => part?.frontier ?? []))
  for (const part of behindOutputs.values()) if (part) kept.add(part.changed)
  for (const { name } of [model.input, ...model.filled]) kept.delete(name)
  kept.add(model.output.name)

  let opened: { readonly name: string; readonly session: ort.InferenceSession } | undefined
  let released = false
  const close = async (): Promise<void> => {
    const before = opened
    opened = undefined
    await before?.session.release()
  }
  const sessionOf = async (name: string, encode: () => Uint8Array): Promise<ort.InferenceSession> => {
    if (released) throw new EngineError(`The engine of ${model.name} was released.`)
    if (opened?.name === name) return opened.session
    await close()
    opened = { name, session: await openSession(encode(), name) }
    return opened.session
  }
  const front = (): Promise<ort.InferenceSession> => sessionOf(model.name, () => model.encodeExposing([...kept]))
  // A network that onnxruntime refuses is refused here.
  await front()

  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const its = turn.then(work)
    turn = its.catch(() => undefined)
    return its
  }

  let chunk: readonly Taken[] = []

  const checkReady = (parts: ReadonlyMap<string, unknown>, layer: Layer, what: string): void => {
    if (!parts.has(layer.name)) throw new InputError(`The engine was not opened for ${what} of ${model.name}.`)
    if (chunk.length === 0) throw new InputError('The engine has no examples yet: call advance first.')
  }
  /** Class scores of one piece with another tensor in place of the one that a part is behind. */
  const runBehind = async (
    session: ort.InferenceSession,
    { changed, feed, frontier }: Suffix,
    kept: Taken,
    value: Tensor,
  ): Promise<Tensor> => {
    const feeds: Record<string, ort.OnnxValue> = { [changed]: feed(value) }
    for (const name of frontier) feeds[name] = kept.values[name]!
    const values = await runSession(session, feeds, model.name)
    return scoresOf(model, fromOrt(values[model.output.name], model.output.name), kept.count)
  }

  const advance = async (inputs: Tensor): Promise<Tensor> => {
    checkInputs(model, inputs)
    // The frontiers of the chunk before make room.
    chunk = []
    const session = await front()
    const pieces: Taken[] = []
    const logits: Tensor[] = []
    for (const { batch, start, count } of batchesOf(model, inputs)) {
      const feeds = feedsOf(model, batch)
      const values = await runSession(session, feeds, model.name)
      logits.push(scoresOf(model, fromOrt(values[model.output.name], model.output.name), count))
      pieces.push({ start, count, values: { ...values, ...feeds } })
    }
    chunk = pieces
    return joinLogits(logits, model)
  }

  const run = async (layer: Layer, weight: Tensor): Promise<Tensor> => {
    checkReady(behindWeights, layer, `layer '${layer.name}'`)
    if (weight.shape.join() !== layer.weightShape.join()) {
      throw new InputError(
        `Layer '${layer.name}' has shape [${layer.weightShape.join(', ')}], not [${weight.shape.join(', ')}].`,
      )
    }
    const part = behindWeights.get(layer.name)!
    const session = await sessionOf(`${model.name} behind '${layer.name}'`, part.encode)
    const logits: Tensor[] = []
    for (const kept of chunk) logits.push(await runBehind(session, part, kept, weight))
    return joinLogits(logits, model)
  }

  const runOutput = async (layer: Layer, change: (output: Tensor, start: number) => Tensor): Promise<Tensor> => {
    checkReady(behindOutputs, layer, `the output of layer '${layer.name}'`)
    // Where the output is the class scores, nothing is left to run.
    const part = behindOutputs.get(layer.name)
    const name = part?.changed ?? model.output.name
    const session = part && (await sessionOf(`${model.name} behind the output of '${layer.name}'`, part.encode))
    const logits: Tensor[] = []
    for (const kept of chunk) {
      const whole = fromOrt(kept.values[name], name)
      // Of a graph of fixed batch, the last piece may hold more examples than were asked for.
      const hasMore = model.batchAxis(name) === 0 && whole.shape[0]! > kept.count
      const output = hasMore ? slice(whole, 0, kept.count) : whole
      const changed = change(output, kept.start)
      if (changed.shape.join() !== output.shape.join()) {
        throw new InputError(
          `The output of layer '${layer.name}' has shape [${output.shape.join(', ')}], not [${changed.shape.join(', ')}].`,
        )
      }
      const { data } = tensor(changed.shape, changed.data)
      const filled = hasMore ? Float32Array.from([...data, ...whole.data.subarray(data.length)]) : data
      const value = { shape: whole.shape, data: filled }
      logits.push(part && session ? await runBehind(session, part, kept, value) : scoresOf(model, value, kept.count))
    }
    return joinLogits(logits, model)
  }

  return {
    advance: (inputs) => inTurn(() => advance(inputs)),
    run: (layer, weight) => inTurn(() => run(layer, weight)),
    runOutput: (layer, change) => inTurn(() => runOutput(layer, change)),
    release: () =>
      inTurn(async () => {
        released = true
        chunk = []
        await close()
      }),
  }
}
