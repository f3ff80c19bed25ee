import { InputError, type Layer, type Tensor } from '@loadbearing/core'
import type * as ort from 'onnxruntime-node'
import type { OnnxModel } from './model.ts'
import { batchesOf, checkInputs, joinLogits } from './network.ts'
import { fromOrt, openSession, runSession, toOrt } from './session.ts'

/**
 * Runs a network again and again with other weights in one layer, and never what stands in front of that layer: the
 * activations there (the frontier) are computed once a chunk of examples, for all layers in one pass, and kept.
 * Memory: the frontiers of one chunk.
 */
export interface SuffixEngine {
  /** Takes up a chunk of examples [n, …], not to be written to while it is run, and returns its unperturbed logits [n, classes]. */
  readonly advance: (inputs: Tensor) => Promise<Tensor>
  /** Logits [n, classes] of the chunk with `weight` in place of the layer's own. @throws InputError before `advance`, or on another shape */
  readonly run: (layer: Layer, weight: Tensor) => Promise<Tensor>
  readonly release: () => Promise<void>
}

/**
 * Opens one session for the front of the network and one for what lies behind each layer.
 *
 * @param layers those that `run` will be asked for; all by default
 */
export async function openSuffixes(model: OnnxModel, layers: readonly Layer[] = model.layers): Promise<SuffixEngine> {
  const cuts = new Map(layers.map((layer) => [layer.name, model.suffix(layer)]))
  const kept = new Set([...cuts.values()].flatMap((cut) => cut.frontier))
  kept.delete(model.input.name)
  kept.add(model.output.name)
  const front = await openSession(model.encodeExposing([...kept]), model.name)
  const sessions = new Map<string, ort.InferenceSession>()
  const release = async (): Promise<void> => {
    for (const session of [front, ...sessions.values()]) await session.release()
  }
  try {
    for (const [layer, { bytes }] of cuts) {
      sessions.set(layer, await openSession(bytes, `${model.name} behind '${layer}'`))
    }
  } catch (error) {
    await release()
    throw error
  }

  let chunk: readonly Readonly<Record<string, ort.OnnxValue>>[] = []

  return {
    async advance(inputs) {
      checkInputs(model, inputs)
      const frontiers: Record<string, ort.OnnxValue>[] = []
      const logits: Tensor[] = []
      for (const batch of batchesOf(inputs)) {
        const feed = toOrt(batch)
        const values = await runSession(front, { [model.input.name]: feed }, model.name)
        logits.push(fromOrt(values[model.output.name], model.output.name))
        frontiers.push({ ...values, [model.input.name]: feed })
      }
      chunk = frontiers
      return joinLogits(logits, model)
    },
    async run(layer, weight) {
      const session = sessions.get(layer.name)
      const cut = cuts.get(layer.name)
      if (!session || !cut)
        throw new InputError(`The engine was not opened for layer '${layer.name}' of ${model.name}.`)
      if (chunk.length === 0) throw new InputError('The engine has no examples yet: call advance first.')
      if (weight.shape.join() !== layer.weightShape.join()) {
        throw new InputError(
          `Layer '${layer.name}' has shape [${layer.weightShape.join(', ')}], not [${weight.shape.join(', ')}].`,
        )
      }
      const fed = toOrt(weight)
      const logits: Tensor[] = []
      for (const frontier of chunk) {
        const feeds: Record<string, ort.OnnxValue> = { [layer.name]: fed }
        for (const name of cut.frontier) feeds[name] = frontier[name]!
        const values = await runSession(session, feeds, model.name)
        logits.push(fromOrt(values[model.output.name], model.output.name))
      }
      return joinLogits(logits, model)
    },
    release: () => {
      chunk = []
      return release()
    },
  }
}
