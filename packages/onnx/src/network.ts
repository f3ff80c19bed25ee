import { batchFirst, EngineError, InputError, type LayerActivations, sizeOf, type Tensor } from '@loadbearing/core'
import { type ClassScores, numbersIn } from './classifier.ts'
import { feedsOf, fromOrt, slice } from './feeds.ts'
import type { OnnxModel } from './model.ts'
import { openSession, runSession } from './session.ts'

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
  const session = await openSession(model.encodeRunnable(bytes), model.name)
  return {
    async run(inputs) {
      checkInputs(model, inputs)
      const parts: Tensor[] = []
      for (const { batch, count } of batchesOf(model, inputs)) {
        const values = await runSession(session, feedsOf(model, batch), model.name)
        parts.push(scoresOf(model, fromOrt(values[model.output.name], model.output.name), count))
      }
      return joinLogits(parts, model)
    },
    release: () => session.release(),
  }
}

/** A network that shows what every layer reads and makes. */
export interface Observed {
  /**
   * By layer name, the batch in front wherever the graph has it; where it has no axis of its own (`batchAxis`), as the graph has it. The
   * batch is run whole, or in pieces where the graph's is fixed.
   *
   * @throws InputError on another shape; EngineError where pieces have no axis to join them along
   */
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
      const pieces: { readonly count: number; readonly values: Readonly<Record<string, Tensor>> }[] = []
      const whole = { batch: inputs, count: inputs.shape[0] ?? 0 }
      for (const { batch, count } of model.batch === 'open' ? [whole] : batchesOf(model, inputs)) {
        const values = await runSession(session, feedsOf(model, batch), model.name)
        const tensors = Object.entries(values).map(([name, value]) => [name, fromOrt(value, name)] as const)
        pieces.push({ count, values: Object.fromEntries(tensors) })
      }
      const value = (name: string): Tensor => {
        if (name === model.input.name) return inputs
        const parts = pieces.map(({ count, values }) => ({ count, part: rowsOf(model, name, values[name]!) }))
        return model.batch === 'open' ? parts[0]!.part : joinPieces(parts)
      }
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

/** What a session is given at once. */
export interface Piece {
  readonly batch: Tensor
  /** Position of the first example. */
  readonly start: number
  /** Examples that were asked for; a graph of fixed batch may be given more, which repeat the last one. */
  readonly count: number
}

/**
 * The batch in pieces of `batchSize`, or of as many as a graph of fixed batch takes, in order; the pieces depend on the position
 * in the batch alone.
 */
export function* batchesOf({ batch: fixed }: OnnxModel, inputs: Tensor): Generator<Piece> {
  const all = inputs.shape[0] ?? 0
  const step = fixed === 'open' ? batchSize : fixed
  for (let start = 0; start < all; start += step) {
    const end = Math.min(all, start + step)
    const piece = slice(inputs, start, end)
    yield { batch: fixed === 'open' ? piece : padded(piece, step), start, count: end - start }
  }
}

/** The piece with its last example repeated up to `size` examples. */
function padded(piece: Tensor, size: number): Tensor {
  const [count = 0, ...shape] = piece.shape
  if (count === size) return piece
  const last = slice(piece, count - 1, count).data
  const data = new Float32Array(size * last.length)
  data.set(piece.data)
  for (let example = count; example < size; example++) data.set(last, example * last.length)
  return { shape: [size, ...shape], data }
}

/** An activation with a row an example, as far as it has an axis for them; that of a graph that takes one example at a time gets one. */
function rowsOf({ batch, batchAxis }: OnnxModel, name: string, { shape, data }: Tensor): Tensor {
  const axis = batchAxis(name)
  if (axis !== undefined) return batchFirst({ shape, data }, axis)
  if (batch === 'open') return { shape, data }
  if (batch === 1) return { shape: [1, ...shape], data }
  throw new EngineError(`'${name}' has no axis for the ${batch} examples that the graph takes at a time.`, {
    hint: 'Export the model with a dynamic batch dimension.',
  })
}

/** Pieces of an activation as one, without the examples that none was asked for. */
function joinPieces(parts: readonly { readonly count: number; readonly part: Tensor }[]): Tensor {
  const shape = parts[0]?.part.shape.slice(1) ?? []
  const all = parts.reduce((sum, { count }) => sum + count, 0)
  const size = sizeOf(shape)
  const data = new Float32Array(all * size)
  let offset = 0
  for (const { count, part } of parts) {
    data.set(part.data.subarray(0, count * size), offset * size)
    offset += count
  }
  return { shape: [all, ...shape], data }
}

/** Class scores of the examples that a piece was asked for. @throws EngineError where the graph gives fewer */
export function scoresOf({ name, output }: OnnxModel, { data }: Tensor, count: number): Tensor {
  const numbers = numbersIn(output)
  if (data.length < count * numbers) {
    throw new EngineError(`${name} gave ${data.length / numbers} rows of scores for ${count} examples.`, {
      hint: 'Export the model with a dynamic batch dimension.',
    })
  }
  return { shape: [count, numbers], data: data.subarray(0, count * numbers) }
}

/** The smallest positive float32: where a Softmax underflows to 0, a logarithm that is finite. */
const leastProbability = 2 ** -149

const logarithm = (probability: number): number => Math.log(Math.max(probability, leastProbability))

/** Class scores of successive batches as one tensor [n, classes] of logits. */
export function joinLogits(parts: readonly Tensor[], { output }: OnnxModel): Tensor {
  const count = parts.reduce((sum, part) => sum + part.data.length, 0) / numbersIn(output)
  const data = new Float32Array(count * numbersIn(output))
  let offset = 0
  for (const part of parts) {
    data.set(part.data, offset)
    offset += part.data.length
  }
  return { shape: [count, output.classes], data: logitsOf(data, output) }
}

function logitsOf(data: Float32Array, { scores }: ClassScores): Float32Array {
  if (scores === 'logits') return data
  if (scores === 'probabilities') return data.map(logarithm)
  return Float32Array.from({ length: 2 * data.length }, (_, i) => {
    const second = data[i >> 1]!
    return logarithm(i % 2 === 0 ? 1 - second : second)
  })
}
