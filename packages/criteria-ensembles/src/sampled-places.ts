import { featureAxisOf, type Layer, type LayerActivations, sizeOf, type Tensor } from '@loadbearing/core'

/** What a layer read and made at some places of some examples. */
export interface SampledPlaces {
  /** What the layer multiplies its weight with at each place: the inputs of all groups, kernel places innermost. */
  readonly reads: readonly Float64Array[]
  /** What it made there: one value an output channel. */
  readonly made: readonly Float64Array[]
  /** The row and the place of each. */
  readonly where: readonly { readonly row: number; readonly place: number }[]
}

/** How the places of an activation lie in its memory: value `f` of a place is at `start(row, place) + f · stride`. */
export interface Places {
  readonly count: number
  readonly features: number
  readonly stride: number
  readonly start: (row: number, place: number) => number
}

/** @param shape of what the layer read or made, batch included */
export function placesOf(layer: Layer, shape: readonly number[]): Places {
  const axis = featureAxisOf(layer, shape.length)
  const features = shape[axis]!
  const stride = sizeOf(shape.slice(axis + 1))
  const count = sizeOf(shape.slice(1)) / features
  const start = (row: number, place: number): number =>
    row * count * features + Math.floor(place / stride) * features * stride + (place % stride)
  return { count, features, stride, start }
}

/** A layer's weight with a row for each output channel, in the order of `SampledPlaces.reads` (of its group). */
export function rowsOf({ op, outputAxis, inputAxis }: Layer, { shape, data }: Tensor): Float64Array[] {
  const outputs = shape[outputAxis]!
  const size = data.length / outputs
  if (op === 'Conv')
    return Array.from({ length: outputs }, (_, o) => Float64Array.from(data.subarray(o * size, (o + 1) * size)))
  const [outputStride, inputStride] = [sizeOf(shape.slice(outputAxis + 1)), sizeOf(shape.slice(inputAxis + 1))]
  return Array.from({ length: outputs }, (_, o) =>
    Float64Array.from({ length: size }, (_, i) => data[o * outputStride + i * inputStride]!),
  )
}

/** What rows make of each place: the layer without its bias. */
export function applied(rows: readonly Float64Array[], groups: number, reads: readonly Float64Array[]): Float64Array[] {
  return reads.map((read) =>
    Float64Array.from(rows, (row, o) => {
      const first = Math.floor((o * groups) / rows.length) * row.length
      let sum = 0
      for (let i = 0; i < row.length; i++) sum += row[i]! * read[first + i]!
      return sum
    }),
  )
}

/** What neighbouring examples' places are apart by, in shares of all places: no two examples look at the same ones (golden ratio). */
const step = (Math.sqrt(5) - 1) / 2

/**
 * Looks at `each` places of every one of the first `examples` examples, spread evenly.
 *
 * Layers do not say how a convolution strides, pads and dilates; what explains the sizes is tried until the weight makes of the places
 * read what the layer made there, but for a bias.
 *
 * @returns undefined where nothing tried does
 */
export function samplePlaces(
  layer: Layer,
  weight: Tensor,
  { input, output }: LayerActivations,
  examples: number,
  each: number,
): SampledPlaces | undefined {
  if (layer.op === 'ConvTranspose') return undefined
  const places = placesOf(layer, output.shape)
  const where = Array.from({ length: Math.min(examples, output.shape[0]!) }, (_, row) =>
    Array.from({ length: Math.min(each, places.count) }, (_, i) => {
      const count = Math.min(each, places.count)
      return { row, place: Math.floor(((i + ((row * step) % 1)) * places.count) / count) }
    }),
  ).flat()
  const made = where.map(({ row, place }) => valuesAt(output, places, row, place))
  const rows = rowsOf(layer, weight)
  for (const read of readers(layer, input, output)) {
    const reads = where.map(read)
    if (explains(applied(rows, layer.groups, reads), made)) return { reads, made, where }
  }
  return undefined
}

export function valuesAt(
  { data }: Tensor,
  { features, stride, start }: Places,
  row: number,
  place: number,
): Float64Array {
  const first = start(row, place)
  return Float64Array.from({ length: features }, (_, f) => data[first + f * stride]!)
}

type Reader = (at: { readonly row: number; readonly place: number }) => Float64Array

function readers(layer: Layer, input: Tensor, output: Tensor): Reader[] {
  if (layer.op !== 'Conv') {
    const places = placesOf(layer, input.shape)
    return [({ row, place }) => valuesAt(input, places, row, place)]
  }
  const kernel = layer.weightShape.slice(2)
  const [read, made] = [input.shape.slice(2), output.shape.slice(2)]
  const windows = [1, 2, 3, 4].flatMap((dilation) =>
    [true, false].flatMap((whole) =>
      [Math.ceil, Math.floor].map((half) =>
        kernel.map((size, axis) =>
          windowOf((size - 1) * dilation + 1, read[axis]!, made[axis]!, dilation, whole, half),
        ),
      ),
    ),
  )
  return windows.map((window) => convolutionReader(layer, input, made, window))
}

/** How a kernel moves along an axis. */
interface Window {
  readonly stride: number
  readonly dilation: number
  readonly before: number
}

/** @param whole the stride is the ratio of the sizes, as of patches; otherwise the least that explains them */
function windowOf(
  extent: number,
  read: number,
  made: number,
  dilation: number,
  whole: boolean,
  half: (value: number) => number,
): Window {
  const least = Math.max(0, Math.floor((read - extent) / made)) + 1
  const stride = whole && read % made === 0 ? read / made : least
  return { stride, dilation, before: Math.max(0, half(((made - 1) * stride + extent - read) / 2)) }
}

function convolutionReader(layer: Layer, input: Tensor, made: readonly number[], windows: readonly Window[]): Reader {
  const kernel = layer.weightShape.slice(2)
  const [, channels, ...sizes] = input.shape as [number, number, ...number[]]
  const [taps, area] = [sizeOf(kernel), sizeOf(sizes)]
  return ({ row, place }) => {
    const corner = coordinates(place, made).map((at, axis) => at * windows[axis]!.stride - windows[axis]!.before)
    const read = new Float64Array(channels * taps)
    for (let tap = 0; tap < taps; tap++) {
      const at = coordinates(tap, kernel).map((offset, axis) => corner[axis]! + offset * windows[axis]!.dilation)
      if (at.some((value, axis) => value < 0 || value >= sizes[axis]!)) continue
      const position = at.reduce((sum, value, axis) => sum * sizes[axis]! + value, 0)
      for (let c = 0; c < channels; c++) {
        read[c * taps + tap] = input.data[(row * channels + c) * area + position]!
      }
    }
    return read
  }
}

function coordinates(index: number, sizes: readonly number[]): number[] {
  const found: number[] = []
  let rest = index
  for (const size of [...sizes].reverse()) {
    found.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return found
}

/** Whether what was made differs from what the weight makes by no more than a constant of each channel, and rounding. */
function explains(linear: readonly Float64Array[], made: readonly Float64Array[]): boolean {
  const left = made.map((values, s) => values.map((value, o) => value - linear[s]![o]!))
  const { power } = spreadOf(made)
  return !(total(spreadOf(left).variances) > 1e-6 * total(power))
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)

/** Of every channel the mean square and the variance over places. */
export function spreadOf(values: readonly Float64Array[]): {
  readonly power: Float64Array
  readonly variances: Float64Array
} {
  const channels = values[0]!.length
  const means = new Float64Array(channels)
  const power = new Float64Array(channels)
  for (const at of values) {
    at.forEach((value, o) => {
      means[o]! += value / values.length
      power[o]! += value ** 2 / values.length
    })
  }
  return { power, variances: power.map((square, o) => Math.max(0, square - means[o]! ** 2)) }
}
