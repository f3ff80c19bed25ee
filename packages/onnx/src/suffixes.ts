import { InputError, type Layer, type Tensor, tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import { feedsOf, fromOrt, slice } from './feeds.ts'
import type { OnnxModel, Suffix } from './model.ts'
import { batchesOf, checkInputs, joinLogits, type Piece, scoresOf } from './network.ts'
import { openSession, runSession } from './session.ts'

/**
 * Runs a network again and again with other weights in one layer, or with another output of one layer, and never what
 * stands in front of that: the activations there (the frontier) are computed once a chunk of examples, for all layers in
 * one pass, and kept. Memory: the frontiers of one chunk.
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

/** A part of the network behind one tensor, ready to run. */
interface Opened extends Pick<Suffix, 'changed' | 'frontier'> {
  readonly feed: Suffix['feed'] | undefined
  /** Undefined where the tensor is the class scores: nothing is left to run. */
  readonly session: ort.InferenceSession | undefined
}

/** A piece of the chunk, with the activations that the parts read. */
interface Taken extends Pick<Piece, 'start' | 'count'> {
  readonly values: Readonly<Record<string, ort.OnnxValue>>
}

/**
 * Opens one session for the front of the network and one for what lies behind each layer.
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
  const kept = new Set([...behindWeights.values(), ...behindOutputs.values()].flatMap((cut) => cut?.frontier ?? []))
  for (const cut of behindOutputs.values()) if (cut) kept.add(cut.changed)
  for (const { name } of [model.input, ...model.filled]) kept.delete(name)
  kept.add(model.output.name)

  const sessions: ort.InferenceSession[] = []
  const open = async (bytes: Uint8Array, name: string): Promise<ort.InferenceSession> => {
    const session = await openSession(bytes, name)
    sessions.push(session)
    return session
  }
  const release = async (): Promise<void> => {
    for (const session of sessions) await session.release()
  }
  const openBehind = async (layer: string, cut: Suffix | undefined): Promise<Opened> =>
    cut
      ? { ...cut, session: await open(cut.bytes, `${model.name} behind '${layer}'`) }
      : { changed: model.output.name, feed: undefined, frontier: [], session: undefined }

  const front = await open(model.encodeExposing([...kept]), model.name)
  const openedWeights = new Map<string, Opened>()
  const openedOutputs = new Map<string, Opened>()
  try {
    for (const [layer, cut] of behindWeights) openedWeights.set(layer, await openBehind(layer, cut))
    for (const [layer, cut] of behindOutputs) openedOutputs.set(layer, await openBehind(layer, cut))
  } catch (error) {
    await release()
    throw error
  }

  let chunk: readonly Taken[] = []

  const ready = (opened: Opened | undefined, what: string): Opened => {
    if (!opened) throw new InputError(`The engine was not opened for ${what} of ${model.name}.`)
    if (chunk.length === 0) throw new InputError('The engine has no examples yet: call advance first.')
    return opened
  }
  /** Class scores of one piece with another tensor in place of the one that a part is behind. */
  const runBehind = async (
    { session, changed, feed, frontier }: Opened,
    kept: Taken,
    value: Tensor,
  ): Promise<Tensor> => {
    if (!session || !feed) return scoresOf(model, tensor(value.shape, value.data), kept.count)
    const feeds: Record<string, ort.OnnxValue> = { [changed]: feed(value) }
    for (const name of frontier) feeds[name] = kept.values[name]!
    const values = await runSession(session, feeds, model.name)
    return scoresOf(model, fromOrt(values[model.output.name], model.output.name), kept.count)
  }

  return {
    async advance(inputs) {
      checkInputs(model, inputs)
      const pieces: Taken[] = []
      const logits: Tensor[] = []
      for (const { batch, start, count } of batchesOf(model, inputs)) {
        const feeds = feedsOf(model, batch)
        const values = await runSession(front, feeds, model.name)
        logits.push(scoresOf(model, fromOrt(values[model.output.name], model.output.name), count))
        pieces.push({ start, count, values: { ...values, ...feeds } })
      }
      chunk = pieces
      return joinLogits(logits, model)
    },
    async run(layer, weight) {
      const opened = ready(openedWeights.get(layer.name), `layer '${layer.name}'`)
      if (weight.shape.join() !== layer.weightShape.join()) {
        throw new InputError(
          `Layer '${layer.name}' has shape [${layer.weightShape.join(', ')}], not [${weight.shape.join(', ')}].`,
        )
      }
      const logits: Tensor[] = []
      for (const kept of chunk) logits.push(await runBehind(opened, kept, weight))
      return joinLogits(logits, model)
    },
    async runOutput(layer, change) {
      const opened = ready(openedOutputs.get(layer.name), `the output of layer '${layer.name}'`)
      const logits: Tensor[] = []
      for (const kept of chunk) {
        const whole = fromOrt(kept.values[opened.changed], opened.changed)
        // Of a graph of fixed batch, the last piece may hold more examples than were asked for.
        const hasMore = model.batchAxis(opened.changed) === 0 && whole.shape[0]! > kept.count
        const output = hasMore ? slice(whole, 0, kept.count) : whole
        const changed = change(output, kept.start)
        if (changed.shape.join() !== output.shape.join()) {
          throw new InputError(
            `The output of layer '${layer.name}' has shape [${output.shape.join(', ')}], not [${changed.shape.join(', ')}].`,
          )
        }
        const { data } = tensor(changed.shape, changed.data)
        const filled = hasMore ? Float32Array.from([...data, ...whole.data.subarray(data.length)]) : data
        logits.push(await runBehind(opened, kept, { shape: whole.shape, data: filled }))
      }
      return joinLogits(logits, model)
    },
    release: () => {
      chunk = []
      return release()
    },
  }
}
