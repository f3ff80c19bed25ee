import { gunzipSync } from 'node:zlib'
import { DatasetError } from '@loadbearing/core'
import { z } from 'zod'
import type { ImageSet, Split } from './image-set.ts'
import { readShipped, readShippedJson } from './shipped.ts'

/** Images that ship with this package. @throws DatasetError when a file is missing or damaged */
export async function readShippedImages(data: string, classes: readonly string[], split: Split): Promise<ImageSet> {
  const images = await readIdx(data, `${split}-images.idx3.gz`)
  const labels = await readIdx(data, `${split}-labels.idx1.gz`)
  const [count = 0, height = 0, width = 0] = images.shape
  return { data, split, count, shape: [1, height, width], pixels: images.values, labels: labels.values, classes }
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
