import { EngineError } from '@loadbearing/core'
import type { Sharp, SharpOptions } from 'sharp'
import type { Size } from './preprocessing.ts'
import type { Raster } from './resample.ts'

type SharpModule = (input: Uint8Array, options: SharpOptions) => Sharp

let loading: Promise<SharpModule> | undefined

/** @throws EngineError where sharp has no build for this machine */
function sharp(): Promise<SharpModule> {
  loading ??= import('sharp').then(
    ({ default: module }) => {
      // Workers are the unit of parallelism, and no image is decoded twice in a row.
      module.concurrency(1)
      module.cache(false)
      return module
    },
    (cause: unknown) => {
      throw new EngineError('The image decoder sharp cannot be loaded on this machine.', {
        hint: 'Install again with optional dependencies: npm install --include=optional.',
        cause,
      })
    },
  )
  return loading
}

// As Pillow reads it: colour profiles are not applied, and of several pictures in a file it is the first.
const options: SharpOptions = { failOn: 'error', ignoreIcc: true, pages: 1 }

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF: upright by its EXIF orientation, 8 bits a channel, without alpha (the colours of
 * transparent pixels stay as they are stored, which is what Pillow's `convert('RGB')` does too).
 *
 * @param channels 3 for RGB; 1 for grey, where colours are weighed as Pillow's `convert('L')` does
 * @throws what sharp says of a file that is damaged or no image
 */
export async function decoded(file: Uint8Array, channels: 1 | 3): Promise<Raster> {
  const { data, info } = await (
    await sharp()
  )(file, options)
    .autoOrient()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { height, width, channels: stored } = info
  if (stored === channels) return { height, width, channels, data }
  const changed = new Uint8Array(height * width * channels)
  for (let pixel = 0; pixel < height * width; pixel++) {
    if (channels === 1) changed[pixel] = grey(data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!)
    else changed.fill(data[stored * pixel]!, 3 * pixel, 3 * pixel + 3)
  }
  return { height, width, channels, data: changed }
}

/** ITU-R 601-2 luma in 16 bits behind the point; what is grey stays as it is. */
const grey = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16

/** The size of an image, upright, from the start of its file. @throws what sharp says of a file that is no image */
export async function sizeOf(file: Uint8Array): Promise<Size> {
  const { autoOrient } = await (await sharp())(file, options).metadata()
  return autoOrient
}
