import { InputError, type LayerActivations, type Tensor } from '@loadbearing/core'
import type { OnnxModel } from './model.ts'
import { fromOrt, openSession, runSession, slice, toOrt } from './session.ts'

/** Examples a session is given at once: enough to amortise the call, few enough for the activations to stay in cache. */
export const batchSize = 32

/** A network that runs as a whole. */
export interface Network {
  /** Logits [n, classes] of a batch [n, …]; of a network that ends in a Softmax, the logarithms of its probabilities. @throws InputError on another shape */
  readonly run: (inputs: Tensor) => Promise<Tensor>
  readonly release: () => Promise<void>
}

/** Opens a file that belongs to `model`: its own, or one that `encodeWith` made. */
export async function openNetwork(model: OnnxModel, bytes: Uint8Array): Promise<Network> {
  const session = await openSession(bytes, model.name)
  return {
    async run(inputs) {
      checkInputs(model, inputs)
      const parts: Tensor[] = []
      for (const batch of batchesOf(inputs)) {
        const values = await runSession(session, { [model.input.name]: toOrt(batch) }, model.name)
        parts.push(fromOrt(values[model.output.name], model.output.name))
      }
      return joinLogits(parts, model)
    },
    release: () => session.release(),
  }
}

/** A network that shows what every layer reads and makes. */
export interface Observed {
  /** By layer name; the batch is run whole. @throws InputError on another shape */
  readonly activations: (inputs: Tensor) => Promise<ReadonlyMap<string, LayerActivations>>
  readonly release: () => Promise<void>
}

/** Opens the network with every layer's input and output among its outputs. */
export async function openObserved(model: OnnxModel): Promise<Observed> {
  const around = new Map(model.layers.map((layer) => [layer.name, model.tensorsAround(layer)]))
  const exposed = new Set([...around.values()].flatMap(({ input, output }) => [input, output]))
  exposed.delete(model.input.name)
  const session = await openSession(model.encodeExposing([...exposed]), model.name)
  return {
    async activations(inputs) {
      checkInputs(model, inputs)
      const values = await runSession(session, { [model.input.name]: toOrt(inputs) }, model.name)
      const value = (name: string): Tensor => (name === model.input.name ? inputs : fromOrt(values[name], name))
      return new Map(
        [...around].map(([layer, { input, output }]) => [layer, { input: value(input), output: value(output) }]),
      )
    },
    release: () => session.release(),
  }
}

/** @throws InputError when a batch does not have the shape of the model's input */
export function checkInputs(model: OnnxModel, { shape }: Tensor): void {
  if (shape.slice(1).join() === model.input.shape.join()) return
  throw new InputError(
    `${model.name} takes examples of shape [${model.input.shape.join(', ')}], not [${shape.slice(1).join(', ')}].`,
    { hint: 'Choose data of the size and number of channels that the model was trained on.' },
  )
}

/** The batch in pieces of `batchSize`, in order; the pieces depend on the position in the batch alone. */
export function* batchesOf(inputs: Tensor): Generator<Tensor> {
  const count = inputs.shape[0] ?? 0
  for (let start = 0; start < count; start += batchSize) yield slice(inputs, start, Math.min(count, start + batchSize))
}

/** The smallest positive float32: where a Softmax underflows to 0, a logarithm that is finite. */
const leastProbability = 2 ** -149

/** Class scores of successive batches as one tensor [n, classes] of logits. */
export function joinLogits(parts: readonly Tensor[], { output: { classes, scores } }: OnnxModel): Tensor {
  const count = parts.reduce((sum, part) => sum + part.data.length, 0) / classes
  const data = new Float32Array(count * classes)
  let offset = 0
  for (const part of parts) {
    data.set(part.data, offset)
    offset += part.data.length
  }
  const logits =
    scores === 'probabilities' ? data.map((probability) => Math.log(Math.max(probability, leastProbability))) : data
  return { shape: [count, classes], data: logits }
}
