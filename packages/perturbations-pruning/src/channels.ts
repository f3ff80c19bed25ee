import { type Layer, sizeOf, tensor, type Tensor } from '@loadbearing/core'

/**
 * Where the weights of each output channel (its filter) stand in the tensor: one list a channel, in the order of the network's
 * channels. In a list, kernel position follows kernel position, and at each the input channels of the filter's group follow each other.
 * In a stack of matrices, a place in the stack is what a kernel position is.
 */
export function filtersOf(layer: Layer): Uint32Array[] {
  return slicesOf(layer, layer.outputAxis, layer.inputAxis, layer.op === 'ConvTranspose')
}

/**
 * Where the weights that read each input channel stand in the tensor: one list a channel, in the order of the network's channels. In a
 * grouped convolution only the filters of the channel's group read it.
 */
export function inputChannelsOf(layer: Layer): Uint32Array[] {
  return slicesOf(layer, layer.inputAxis, layer.outputAxis, layer.op !== 'ConvTranspose')
}

/** Sum of the magnitudes of each channel's weights. */
export function l1Norms({ data }: Tensor, channels: readonly Uint32Array[]): Float64Array {
  return Float64Array.from(channels, (places) => places.reduce((sum, place) => sum + Math.abs(data[place]!), 0))
}

/** The weight with zeros in the chosen channels. */
export function withoutChannels(
  { shape, data }: Tensor,
  channels: readonly Uint32Array[],
  chosen: Iterable<number>,
): Tensor {
  const pruned = data.slice()
  for (const channel of chosen) for (const place of channels[channel]!) pruned[place] = 0
  return tensor(shape, pruned)
}

/**
 * @param axis runs over the channels that are asked for
 * @param across runs over the channels on the layer's other side
 * @param withinGroup whether `axis` counts the channels of one group; `across` then runs over the channels of all groups, group by
 *   group. The other way round, `across` counts those of one group and `axis` runs over all.
 */
function slicesOf({ weightShape, groups }: Layer, axis: number, across: number, withinGroup: boolean): Uint32Array[] {
  const strides = weightShape.map((_, i) => sizeOf(weightShape.slice(i + 1)))
  const kernel = weightShape.reduce(
    (offsets, size, i) =>
      i === axis || i === across
        ? offsets
        : offsets.flatMap((offset) => Array.from({ length: size }, (_, step) => offset + step * strides[i]!)),
    [0],
  )
  const inGroup = weightShape[axis]!
  const repeats = withinGroup ? groups : 1
  const partners = weightShape[across]! / repeats
  return Array.from({ length: inGroup * repeats }, (_, channel) => {
    const group = Math.floor(channel / inGroup)
    const first = (channel % inGroup) * strides[axis]! + group * partners * strides[across]!
    const places = new Uint32Array(kernel.length * partners)
    let next = 0
    for (const offset of kernel)
      for (let partner = 0; partner < partners; partner++) places[next++] = first + offset + partner * strides[across]!
    return places
  })
}
