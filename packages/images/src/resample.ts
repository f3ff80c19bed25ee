/** How a resize weighs the pixels that lie around a new one. */
export type Resample = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'

/** Rows of interleaved bytes, [height, width, channels]. */
export interface Raster {
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

interface Kernel {
  /** Half of its width, in pixels of the smaller of the two images. */
  readonly support: number
  readonly weight: (x: number) => number
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const kernels: Readonly<Record<Exclude<Resample, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x))),
  },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

/** Keys' cubic convolution with a = −1/2. */
function cubic(x: number): number {
  const a = -0.5
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
}

/** Bits behind the point of a weight: 32, less 8 of a byte and 2 for sums that leave its range. */
const precision = 22

/**
 * An image in another size, by the byte what Pillow's `Image.resize` makes of it: with weights in fixed point, first along the rows, then along
 * the columns (the other way round where the height shrinks by more than twice as many pixels as the width), and bytes in between.
 * Where it shrinks, the kernel grows with it (what others call antialiasing). The networks of today were trained and evaluated on images that
 * Pillow resized.
 *
 * Source: libImaging/Resample.c of Pillow 13, without its reducing gap. Before 13 the rows always came first.
 */
export function resized(image: Raster, height: number, width: number, resample: Resample): Raster {
  if (image.height === height && image.width === width) return image
  if (resample === 'nearest') return nearest(image, height, width)
  const kernel = kernels[resample]
  const shrinks = image.height - height
  if (shrinks > 0 && shrinks > 2 * (image.width - width)) return inWidth(inHeight(image, height, kernel), width, kernel)
  return inHeight(inWidth(image, width, kernel), height, kernel)
}

function inWidth(image: Raster, width: number, kernel: Kernel): Raster {
  if (image.width === width) return image
  const { channels } = image
  const row = image.width * channels
  return along(image, { ...image, width }, weightsOf(image.width, width, kernel), { line: row, step: channels })
}

function inHeight(image: Raster, height: number, kernel: Kernel): Raster {
  if (image.height === height) return image
  const step = image.width * image.channels
  return along(image, { ...image, height }, weightsOf(image.height, height, kernel), { line: 0, step })
}

/** Which pixels make each new one, and by how much. */
interface Weights {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `most` of each new pixel. */
  readonly fixed: Int32Array
  readonly most: number
}

function weightsOf(from: number, to: number, { support, weight }: Kernel): Weights {
  const scale = from / to
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const most = Math.ceil(reach) * 2 + 1
  const [first, count, fixed] = [new Int32Array(to), new Int32Array(to), new Int32Array(to * most)]
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale
    const low = Math.max(0, Math.trunc(centre - reach + 0.5))
    const high = Math.min(from, Math.trunc(centre + reach + 0.5))
    const exact = Array.from({ length: high - low }, (_, i) => weight((i + low - centre + 0.5) * (1 / stretch)))
    const total = exact.reduce((sum, each) => sum + each, 0)
    exact.forEach((each, i) => {
      const share = (total === 0 ? each : each / total) * 2 ** precision
      fixed[x * most + i] = Math.trunc(share + (share < 0 ? -0.5 : 0.5))
    })
    first[x] = low
    count[x] = high - low
  }
  return { first, count, fixed, most }
}

/**
 * Weighs lines of pixels, all channels alike.
 *
 * @param step bytes from a pixel to the next along the line
 * @param line bytes from a line to the next where the lines are rows; 0 where they are columns
 */
function along(
  from: Raster,
  to: Omit<Raster, 'data'>,
  { first, count, fixed, most }: Weights,
  { line, step }: { readonly line: number; readonly step: number },
): Raster {
  const { height, width, channels } = to
  // It takes what is below 0 for 0, and what is above 255 for 255.
  const data = new Uint8ClampedArray(height * width * channels)
  const source = from.data
  const half = 1 << (precision - 1)
  let out = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const target = line > 0 ? x : y
      const weights = target * most
      let at = first[target]! * step + (line > 0 ? y * line : x * channels)
      let [one, two, three] = [half, half, half]
      for (let tap = weights; tap < weights + count[target]!; tap++, at += step) {
        const weight = fixed[tap]!
        one = (one + source[at]! * weight) | 0
        if (channels === 1) continue
        two = (two + source[at + 1]! * weight) | 0
        three = (three + source[at + 2]! * weight) | 0
      }
      data[out++] = one >> precision
      if (channels === 1) continue
      data[out++] = two >> precision
      data[out++] = three >> precision
    }
  }
  return { height, width, channels, data: new Uint8Array(data.buffer) }
}

function nearest({ channels, data: source, ...from }: Raster, height: number, width: number): Raster {
  const data = new Uint8Array(height * width * channels)
  for (let y = 0; y < height; y++) {
    const row = Math.min(from.height - 1, Math.floor((y + 0.5) * (from.height / height)))
    for (let x = 0; x < width; x++) {
      const column = Math.min(from.width - 1, Math.floor((x + 0.5) * (from.width / width)))
      for (let channel = 0; channel < channels; channel++) {
        data[(y * width + x) * channels + channel] = source[(row * from.width + column) * channels + channel]!
      }
    }
  }
  return { height, width, channels, data }
}
