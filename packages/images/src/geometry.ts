import type { Preprocessing, Size } from './preprocessing.ts'
import { type Raster, resized } from './resample.ts'

/** The part of the preprocessing that moves pixels. */
export type Geometry = Pick<Preprocessing, 'resize' | 'resample' | 'crop'>

/**
 * An image resized and cropped as transformers does it on the CPU: the longer side is cut to a whole number of pixels, the corner of the
 * crop too (torchvision rounds it, which moves crops by one pixel where an odd number is cut off).
 */
export function placed(image: Raster, { resize, resample = 'bilinear', crop }: Geometry): Raster {
  const { height, width } = resizedSize(image, resize)
  const whole = resized(image, height, width, resample)
  return crop ? centre(whole, crop) : whole
}

function resizedSize({ height, width }: Size, resize: Geometry['resize']): Size {
  if (resize === undefined) return { height, width }
  if (!('shorter' in resize)) return resize
  const longer = Math.trunc((resize.shorter * Math.max(height, width)) / Math.min(height, width))
  return height <= width ? { height: resize.shorter, width: longer } : { height: longer, width: resize.shorter }
}

function centre(image: Raster, { height, width }: Size): Raster {
  if (image.height === height && image.width === width) return image
  const { channels } = image
  const data = new Uint8Array(height * width * channels)
  const [top, left] = [corner(image.height, height), corner(image.width, width)]
  const from = Math.max(0, left)
  const to = Math.min(image.width, left + width)
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = image.data.subarray((y * image.width + from) * channels, (y * image.width + to) * channels)
    data.set(row, ((y - top) * width + from - left) * channels)
  }
  return { height, width, channels, data }
}

/** Where a crop begins; below 0 where black is put around the image. */
function corner(length: number, crop: number): number {
  return crop <= length ? Math.floor((length - crop) / 2) : -Math.ceil((crop - length) / 2)
}

/** The size that every image ends up in; undefined where it depends on the image. */
export function finalSize({ resize, crop }: Geometry): Size | undefined {
  return crop ?? (resize && !('shorter' in resize) ? resize : undefined)
}
