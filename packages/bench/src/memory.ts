import type { Layer } from '@loadbearing/core'
import type { BenchModel } from './model.ts'
import type { Asked } from './surroundings.ts'

export interface MemoryOptions {
  /** Images that a worker takes up at once. */
  readonly chunk: number
  readonly threads: number
  readonly asked: Asked
}

/** Bytes of the process itself, of a thread more, and of an image that a user's decoder holds while it works. */
const process = 330e6
const thread = 100e6

/** Images that a session is given at once. */
const batch = 32

/**
 * Bytes that a process takes at most while it measures a model, beside the others that it has read; said before it does.
 *
 * Each thread holds the images, the network five times (as a file, taken apart, cut, in a session and as that lays it out), the weight of
 * the largest layer six times (what a perturbation is lent, makes and gives), what stands in front of the layers for a chunk of images and
 * for the one before, which may not be collected yet, and what one session computes in: a batch of everything that the front gives, or four
 * times the largest layer's input and output. An estimate, held against what networks of the zoo took at their peak.
 */
export async function mostMemory(model: BenchModel, { chunk, threads, asked }: MemoryOptions): Promise<number> {
  const { onnx, bytes } = model
  const pixels = await heldPixels(model)
  const network = (asked.initial ? 6 : 5) * bytes.length
  const draw = 6 * 4 * Math.max(...onnx.layers.map(({ parameters }) => parameters))
  const frontier = 4 * sum(keptActivations(model, asked).values())
  const largest = 4 * Math.max(...onnx.layers.map(moved))
  const each = pixels + network + draw + 2 * chunk * imageBytes(model, asked) + batch * (frontier + 4 * largest)
  return process + pixels + network + threads * (thread + each)
}

/** Bytes that a worker may hold of a chunk of images. */
const chunkBytes = 400e6

/**
 * Images that a worker takes up at once: 125, or fewer where what stands in front of the layers of a chunk would take more than 400 MB. At
 * least 5, since every layer's session is opened again for each chunk. It depends on the networks alone, so that every machine has the same
 * plan.
 */
export function chunkFor(models: readonly BenchModel[], asked: Asked): number {
  const most = Math.max(0, ...models.map((model) => imageBytes(model, asked)))
  return [125, 25].find((count) => count * most <= chunkBytes) ?? 5
}

/** Bytes of an image and of what stands in front of the layers. */
function imageBytes(model: BenchModel, asked: Asked): number {
  return 4 * (product(model.onnx.input.shape) + sum(keptActivations(model, asked).values()))
}

/** Bytes of the images of the zoo, which are held as a whole; a user's are read as they are needed. */
async function heldPixels({ source, images }: BenchModel): Promise<number> {
  if (!(source.data ?? 'zoo:').startsWith('zoo:')) return 0
  const { count, shape } = await images('test')
  return count * product(shape)
}

/** Elements of the activations in front of the layers, for one image, by name. */
function keptActivations({ onnx }: BenchModel, asked: Asked): Map<string, number> {
  const known = new Map<string, number>()
  for (const layer of onnx.layers) {
    const { input, output } = onnx.tensorsAround(layer)
    known.set(input, product(layer.inputShape))
    known.set(output, product(layer.outputShape))
  }
  const kept = new Map<string, number>()
  for (const layer of onnx.layers) {
    const weights = onnx.suffix(layer)
    const output = asked.activations ? onnx.outputSuffix(layer) : undefined
    for (const name of [...weights.frontier, ...(output ? [output.changed, ...output.frontier] : [])]) {
      // A branch that passes the layer by is about as large as what the layer reads or makes.
      kept.set(name, known.get(name) ?? Math.max(product(layer.inputShape), product(layer.outputShape)))
    }
  }
  // It is there once, as the chunk itself.
  kept.delete(onnx.input.name)
  return kept
}

function moved({ inputShape, outputShape }: Layer): number {
  return product(inputShape) + product(outputShape)
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
