import { createHash } from 'node:crypto'
import { type ClassLabels, classLabels, namesAll, readOutputNames } from './class-labels.ts'
import type { LabelledExamples } from './labelled-examples.ts'
import { findOutputNames } from './model-config.ts'
import { splitImages } from './split.ts'
import type { StoredImages } from './stored-images.ts'

/** What a model makes of examples: needed to say which output each class is. */
export interface Asked {
  /** Name of the model, for errors. */
  readonly model: string
  /** Its outputs. */
  readonly classes: number
  /** A file that says which output each class is. */
  readonly labels?: string | undefined
  /** The model's own file, where it is a user's: its class names may lie beside it. */
  readonly file?: string
}

/** All examples, or those that are for calibration or for the truth where one set is both. */
export type Split = 'all' | 'calibration' | 'test'

/** Stored examples with the outputs that they are of, split. */
export interface LabelledSet extends ClassLabels {
  /** Where the examples of a part are among all. */
  readonly indicesOf: (which: Split) => readonly number[]
  /** What is known of a part without reading it. */
  readonly part: (which: Split) => Pick<LabelledExamples, 'name' | 'fingerprint' | 'count' | 'labels' | 'classes'>
}

/**
 * Says which output each example is of, and which are for calibration.
 *
 * @param readAll hands the bytes of every example to what it is given, and throws where they are no example
 * @throws InputError naming what is wrong with the classes
 */
export async function labelledSet(
  stored: StoredImages,
  { model, classes: count, labels, file }: Asked,
  readAll: (look: (bytes: Uint8Array, index: number) => void) => Promise<void>,
): Promise<LabelledSet> {
  const given = labels === undefined ? undefined : await readOutputNames(labels)
  const beside = given || file === undefined ? undefined : await findOutputNames(file)
  const found = beside && namesAll(beside.outputs, stored, count) ? beside : undefined
  const told = classLabels(stored, { outputs: given ?? found?.outputs, count, model })
  const said = found ? [`The classes of ${stored.name} are the outputs that ${found.path} names.`] : []
  const all = [...stored.keys.keys()]
  const split = splitImages(stored.keys, told.labels)
  const indicesOf = (which: Split): readonly number[] => (which === 'all' ? all : split[which])
  let fingerprint: Promise<string> | undefined
  return {
    ...told,
    notes: [...said, ...told.notes],
    indicesOf,
    part: (which) => ({
      name: stored.name,
      fingerprint: () => (fingerprint ??= fingerprintOf(stored, told.labels, readAll)),
      count: indicesOf(which).length,
      labels: Int32Array.from(indicesOf(which), (index) => told.labels[index]!),
      classes: told.classes,
    }),
  }
}

/** SHA-256 over the key, the output and the SHA-256 of the bytes of every example, in the order of the keys. */
async function fingerprintOf(
  stored: StoredImages,
  labels: Int32Array,
  readAll: Parameters<typeof labelledSet>[2],
): Promise<string> {
  const digests: string[] = []
  await readAll((bytes, index) => {
    digests[index] = createHash('sha256').update(bytes).digest('hex')
  })
  const hash = createHash('sha256')
  stored.keys.forEach((key, index) => hash.update(`${JSON.stringify(key)} ${labels[index]!} ${digests[index]!}\n`))
  return hash.digest('hex')
}
