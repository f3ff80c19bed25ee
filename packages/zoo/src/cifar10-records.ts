import { rngFrom } from '@loadbearing/core'

/** The batches of CIFAR-10, in order. */
export const trainingBatches = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`)
export const testBatch = 'test_batch'

export const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

export const [channels, side] = [3, 32]
export const area = side * side
/** A record of the binary version: the label, then the red, the green and the blue plane. */
export const recordSize = 1 + channels * area

export function labelsOf(records: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: records.length / recordSize }, (_, i) => records[i * recordSize]!)
}

/** Calibration images: as many as Fashion-MNIST's. */
const calibrationSize = 1024

/** The records of the calibration images, out of those of the whole training split. */
export function calibration(records: Uint8Array): Uint8Array {
  const chosen = calibrationIndices(labelsOf(records)).map((i) =>
    records.subarray(i * recordSize, (i + 1) * recordSize),
  )
  return Buffer.concat(chosen)
}

/**
 * Which training images the calibration images are, in order. The rule: of each class, from 0, the images in the order of the files
 * are shuffled; the next of every class together make a round, which is shuffled; one stream, rngFrom('zoo', 'cifar10',
 * 'calibration'), serves all the classes and then the rounds. Every prefix is as balanced over the classes as it can be.
 */
export function calibrationIndices(labels: Uint8Array): number[] {
  const rng = rngFrom('zoo', 'cifar10', 'calibration')
  const all = [...labels.keys()]
  const byClass = classes.map((_, label) => rng.shuffle(all.filter((i) => labels[i] === label)))
  const rounds = Array.from({ length: Math.ceil(calibrationSize / classes.length) }, (_, round) =>
    rng.shuffle(byClass.flatMap((members) => members.slice(round, round + 1))),
  )
  return rounds.flat().slice(0, calibrationSize)
}
