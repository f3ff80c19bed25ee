import { InputError, LoadbearingError } from '@loadbearing/core'
import { decoded, sizeOf } from './decode.ts'
import { type Geometry, placed } from './geometry.ts'
import type { LabelledImages } from './labelled-examples.ts'
import { type Asked, labelledSet, type Split } from './labelled-set.ts'
import { openStored } from './open-stored.ts'
import type { Size } from './preprocessing.ts'
import type { StoredImages } from './stored-images.ts'

/** Labelled images of a user's own. */
export interface UserImages {
  /** Name of the folder or file, without its path and ending. */
  readonly name: string
  /** Sentences for a person on what was understood, where it might be something else. */
  readonly notes: readonly string[]
  readonly count: number
  /** Whether all of a few images, spread over the data, have this size as they are stored. */
  readonly seemToBe: (size: Size) => Promise<boolean>
  /** Some of the images in one size and with that many channels. */
  readonly images: (which: Split, channels: 1 | 3, size: Size, geometry: Geometry) => LabelledImages
}

/**
 * Opens labelled images: a folder with one subfolder a class, a CSV file of path,label, or a Parquet or Arrow file as the Hugging Face
 * hub has them. Nothing is decoded before it is read.
 *
 * @throws InputError naming what is wrong with the data or its classes
 */
export async function openUserImages(path: string, asked: Asked): Promise<UserImages> {
  const stored = await openStored(path)
  const all = [...stored.keys.keys()]
  const set = await labelledSet(stored, asked, (look) =>
    visit(stored, all, async (bytes, index) => {
      look(bytes, index)
      await sizeOf(bytes)
    }),
  )
  return {
    name: stored.name,
    notes: set.notes,
    count: all.length,
    seemToBe: async ({ height, width }) => {
      const few = all.filter((index) => index % Math.ceil(all.length / 16) === 0)
      let same = true
      await visit(stored, few, async (bytes) => {
        const found = await sizeOf(bytes)
        same &&= found.height === height && found.width === width
      })
      return same
    },
    images: (which, channels, size, geometry) => {
      const indices = set.indicesOf(which)
      return {
        kind: 'images',
        ...set.part(which),
        shape: [channels, size.height, size.width],
        read: (chosen) =>
          readPlaced(
            stored,
            chosen.map((index) => indices[index]!),
            { channels, size, geometry },
          ),
      }
    },
  }
}

async function readPlaced(
  stored: StoredImages,
  indices: readonly number[],
  { channels, size, geometry }: { readonly channels: 1 | 3; readonly size: Size; readonly geometry: Geometry },
): Promise<Uint8Array> {
  const area = size.height * size.width
  const pixels = new Uint8Array(indices.length * channels * area)
  await visit(stored, indices, async (bytes, position) => {
    const { height, width, data } = placed(await decoded(bytes, channels), geometry)
    if (height !== size.height || width !== size.width) {
      throw new InputError(
        `${stored.keys[indices[position]!]!} in ${stored.name} is ${width}×${height} after its preprocessing, but the model takes ${size.width}×${size.height}.`,
        {
          hint: `Crop to it (--crop ${size.width}x${size.height}), or resize to it (--resize ${size.width}x${size.height}).`,
        },
      )
    }
    const start = position * channels * area
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++) {
        pixels[start + channel * area + pixel] = data[pixel * channels + channel]!
      }
    }
  })
  return pixels
}

/** Images that are decoded at the same time. */
const atOnce = 4

/** Looks at the files of some images. @throws InputError naming those on which `look` failed: they are no images */
async function visit(
  stored: StoredImages,
  indices: readonly number[],
  look: (bytes: Uint8Array, position: number) => Promise<void>,
): Promise<void> {
  const failures: { readonly key: string; readonly cause: unknown }[] = []
  let underWay: Promise<void>[] = []
  for await (const { position, bytes } of stored.read(indices)) {
    underWay.push(
      look(bytes, position).catch((cause: unknown) => {
        failures.push({ key: stored.keys[indices[position]!]!, cause })
      }),
    )
    if (underWay.length < atOnce) continue
    await Promise.all(underWay)
    underWay = []
  }
  await Promise.all(underWay)
  const [first] = failures
  if (!first) return
  const ours = failures.find(({ cause }) => cause instanceof LoadbearingError)
  if (ours) throw ours.cause
  const named = failures.slice(0, 3).map(({ key, cause }) => `${key} (${(cause as Error).message})`)
  throw new InputError(
    `${failures.length === 1 ? 'A file' : `${failures.length} files`} of ${stored.name} cannot be read as ${failures.length === 1 ? 'an image' : 'images'}: ${named.join(', ')}${failures.length > 3 ? ', …' : ''}.`,
    {
      hint: 'JPEG, PNG, WebP, GIF, TIFF and AVIF are read. Repair, convert or remove what is none of these.',
      cause: first.cause,
    },
  )
}
