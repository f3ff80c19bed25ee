import { gunzipSync } from 'node:zlib'
import { DatasetError, findNamed } from '@loadbearing/core'
import { z } from 'zod'
import { readShipped, readShippedJson } from './shipped.ts'

/** Labelled images as bytes. */
export interface ImageSet {
  /** Name of the data, e.g. 'fashion-mnist'. */
  readonly data: string
  readonly split: Split
  readonly count: number
  /** [channels, height, width] of one image. */
  readonly shape: readonly [number, number, number]
  /** Row-major [count, channels, height, width]. */
  readonly pixels: Uint8Array
  /** True class of every image. */
  readonly labels: Uint8Array
  readonly classes: readonly string[]
}

export type Split = 'test' | 'calibration'

const collections = [
  {
    name: 'fashion-mnist',
    classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  },
]

/**
 * The test split (10,000 images: what the ground truth is measured on) or the calibration images (1,024 of the training split:
 * what a criterion may see).
 *
 * @throws InputError on an unknown name; DatasetError when a file is missing or damaged
 */
export async function readImages(data: string, split: Split): Promise<ImageSet> {
  const { name, classes } = findNamed('data in the zoo', data, collections)
  const images = await readIdx(name, `${split}-images.idx3.gz`)
  const labels = await readIdx(name, `${split}-labels.idx1.gz`)
  const [count = 0, height = 0, width = 0] = images.shape
  return { data: name, split, count, shape: [1, height, width], pixels: images.values, labels: labels.values, classes }
}

const checksums = z.record(z.string(), z.string())

/** The IDX format of MNIST: two zero bytes, type 8 (bytes), the rank, the dimensions as big-endian 32-bit integers, the values. */
async function readIdx(data: string, file: string): Promise<{ shape: number[]; values: Uint8Array }> {
  const folder = `data/${data}`
  const sums = await readShippedJson(`${folder}/checksums.json`, checksums)
  const raw = gunzipSync(await readShipped(`${folder}/${file}`, sums[file] ?? ''))
  const rank = raw.readUInt8(3)
  const shape = Array.from({ length: rank }, (_, axis) => raw.readUInt32BE(4 + 4 * axis))
  const values = raw.subarray(4 + 4 * rank)
  if (values.length !== shape.reduce((a, b) => a * b, 1)) {
    throw new DatasetError(`The zoo's file ${folder}/${file} does not hold what its header says.`)
  }
  return { shape, values }
}
