import { InputError, type Tensor } from '@loadbearing/core'
import type { Resample } from './resample.ts'

/** The size of an image. */
export interface Size {
  readonly height: number
  readonly width: number
}

/** What is done to an image before a network sees it: resized, then cropped, then made numbers of. */
export interface Preprocessing {
  /** To this size whatever the shape, or so that the shorter side is this long and the shape stays. */
  readonly resize?: Size | { readonly shorter: number }
  /** How a resize weighs pixels; bilinear by default. */
  readonly resample?: Resample
  /** The middle of the image in this size; where it is smaller, black is put around. */
  readonly crop?: Size
  /** Order in which the network takes the colours; RGB by default. */
  readonly channels?: 'rgb' | 'bgr'
  /** A value is (byte / scale − mean) / std. */
  readonly scale: number
  /** By channel, in the order in which the network takes them; one number serves all. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** Whether the channels come before height and width or behind; before by default. */
  readonly layout?: 'nchw' | 'nhwc'
}

/**
 * Images as a batch for a network: (byte / scale − mean) / std by channel.
 *
 * @param pixels [n, channels, height, width], RGB or grey
 * @param shape [channels, height, width]
 * @returns [n, channels, height, width], or [n, height, width, channels] where the layout is so
 * @throws InputError when mean or std has not one number a channel
 */
export function normalised(
  pixels: Uint8Array,
  shape: readonly [number, number, number],
  preprocessing: Omit<Preprocessing, 'resize' | 'resample' | 'crop'>,
): Tensor {
  const { scale, layout = 'nchw', channels: order = 'rgb' } = preprocessing
  const [channels, height, width] = shape
  const [mean, std] = [preprocessing.mean, preprocessing.std].map((values) =>
    values.length === 1 ? new Array<number>(channels).fill(values[0]!) : values,
  ) as [readonly number[], readonly number[]]
  if (mean.length !== channels || std.length !== channels) {
    throw new InputError(
      `The preprocessing has ${mean.length} means and ${std.length} deviations for ${channels} channels.`,
      { hint: 'Give --mean and --std one number a channel, joined by commas.' },
    )
  }
  const area = height * width
  const size = channels * area
  const count = pixels.length / size
  const data = new Float32Array(pixels.length)
  const [toPixel, toChannel] = layout === 'nchw' ? [1, area] : [channels, 1]
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = image * size + (order === 'bgr' ? channels - 1 - channel : channel) * area
      const to = image * size + channel * toChannel
      for (let pixel = 0; pixel < area; pixel++) {
        data[to + pixel * toPixel] = (pixels[from + pixel]! / scale - mean[channel]!) / std[channel]!
      }
    }
  }
  return { shape: layout === 'nchw' ? [count, ...shape] : [count, height, width, channels], data }
}
