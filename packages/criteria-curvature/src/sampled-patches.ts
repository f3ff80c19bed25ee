import type { Capabilities, Layer, Rng, Tensor, Unscored } from '@loadbearing/core'
import { type Wiring, wiringOf } from './wiring.ts'

/** What a layer reads and makes at some places of some examples; a row is one place of one example. */
export interface Sample {
  readonly wiring: Wiring
  readonly rows: number
  /** Of every group, the values that its channels are weighted sums of: [rows, inputs · taps], the taps of an input together. */
  readonly patches: readonly Float32Array[]
  /** [rows, channels] */
  readonly made: Float32Array
  /** Of the example's own loss with respect to what is made: [rows, channels]; zeros where no gradients were given. */
  readonly gradients: Float32Array
}

export interface SampleOptions {
  /** The first so many. */
  readonly examples: number
  /** Places of a layer, over all examples; a few more where they are no multiple of the examples. */
  readonly positions: number
}

/** Of what a sample is taken; with gradients where they are given. */
export type Sampled = { readonly layers: readonly Layer[]; readonly examples: number } & Capabilities['activations'] &
  Partial<Pick<Capabilities['gradients'], 'activationGradients'>>

/**
 * Samples every layer in one pass, by layer name: all places of every example, or as many at random as make up the positions. Which they
 * are depends on the stream, the layer and the number of the example alone.
 */
export async function samplePatches(
  { layers, examples: all, activations, activationGradients }: Sampled,
  { examples, positions }: SampleOptions,
  rng: Rng,
): Promise<ReadonlyMap<string, Sample | Unscored>> {
  const count = Math.min(examples, all)
  const samples = new Map(layers.map((layer) => [layer.name, emptySample(layer, count, positions)]))
  const backwards = activationGradients?.({ examples: count })[Symbol.asyncIterator]()
  let seen = 0
  for await (const batch of activations({ examples: count })) {
    const found = await backwards?.next()
    const gradients = found?.done === false ? found.value.gradients : undefined
    const [some] = batch.values()
    const size = some?.output.shape[0] ?? count
    for (const [name, sample] of samples) {
      if ('reason' in sample) continue
      const { input, output } = batch.get(name)!
      const gradient = gradients?.get(name)?.output
      for (let example = seen; example < seen + size; example++) {
        const of = (tensor: Tensor): Float32Array => exampleOf(tensor, example - seen)
        take(sample, { example, count }, rng.split(name, example), of(input), of(output), gradient && of(gradient))
      }
    }
    seen += size
  }
  await backwards?.return?.()
  return samples
}

function emptySample(layer: Layer, examples: number, positions: number): Sample | Unscored {
  const wiring = wiringOf(layer)
  if ('reason' in wiring) return wiring
  const { groups, inputs, outputs, taps, places } = wiring
  const rows = examples * Math.min(places, Math.ceil(positions / examples))
  return {
    wiring,
    rows,
    patches: Array.from({ length: groups }, () => new Float32Array(rows * inputs * taps)),
    made: new Float32Array(rows * groups * outputs),
    gradients: new Float32Array(rows * groups * outputs),
  }
}

const exampleOf = ({ shape, data }: Tensor, row: number): Float32Array => {
  const size = data.length / shape[0]!
  return data.subarray(row * size, (row + 1) * size)
}

/** Fills the rows of an example. */
function take(
  { wiring, rows, patches, made, gradients }: Sample,
  { example, count }: { readonly example: number; readonly count: number },
  rng: Rng,
  read: Float32Array,
  output: Float32Array,
  gradient: Float32Array | undefined,
): void {
  const { inputs, taps, readStride, madeStride } = wiring
  const [width, channels] = [inputs * taps, made.length / rows]
  for (const [i, place] of chosenPlaces(wiring, rows / count, rng).entries()) {
    const row = (example * rows) / count + i
    const [sources, target] = [wiring.sources(place), wiring.targets(place)]
    for (const [group, patch] of patches.entries()) {
      for (let at = 0; at < width; at++) {
        const source = sources[at % taps]!
        const channel = group * inputs + Math.floor(at / taps)
        patch[row * width + at] = source < 0 ? 0 : read[source + channel * readStride]!
      }
    }
    for (let channel = 0; channel < channels; channel++) {
      made[row * channels + channel] = output[target + channel * madeStride]!
      if (gradient) gradients[row * channels + channel] = gradient[target + channel * madeStride]!
    }
  }
}

/** All places where there are no more than `count`, else as many at random. */
function chosenPlaces({ places }: Wiring, count: number, rng: Rng): number[] {
  if (places <= count) return Array.from({ length: places }, (_, place) => place)
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(rng.integer(places))
  return [...chosen]
}
