import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InputError, type Tensor } from '@loadbearing/core'
import { finalSize, type LabelledExamples, normalised, type Preprocessing } from '@loadbearing/images'
import { type OnnxModel, type OpenInput, readModel } from '@loadbearing/onnx'
import {
  type FetchOptions,
  type ImageOptions,
  listShipped,
  listZoo,
  type ModelCard,
  readZooModel,
  type Split,
} from '@loadbearing/zoo'
import { numbersOf, openData, preprocessingOf, withoutPreprocessing } from './model-data.ts'
import type { ModelSource } from './model-source.ts'

/** A model ready to be measured. */
export interface BenchModel {
  /** With all that was found out of the preprocessing: nothing that lies with the file is asked a second time. */
  readonly source: ModelSource
  /** The name in tables: the zoo's, or the file's without its ending. */
  readonly name: string
  readonly title: string
  /** Architecture family; the name itself where nothing is known. */
  readonly family: string
  readonly licence: string | null
  readonly bytes: Uint8Array
  readonly onnx: OnnxModel
  /** Name of the data: the zoo's, or that of the folder or file. */
  readonly data: string
  /**
   * What tells the data from others: SHA-256 over a user's images and labels, or the zoo's name. Reads all of a user's images.
   *
   * @throws InputError naming the files that are no images
   */
  readonly dataFingerprint: () => Promise<string>
  /** The images, as another preprocessing would resize and crop them where one is given; or the numbers in their place. */
  readonly images: (split: Split, preprocessing?: Preprocessing) => Promise<LabelledExamples>
  readonly preprocessing: Preprocessing
  /** Sentences for a person on what was decided for them. */
  readonly notes: readonly string[]
}

const zooPrefix = 'zoo:'

/**
 * Loads a model and checks that it fits its data. What of both does not ship is fetched where it is not here yet.
 *
 * @throws InputError on an unknown name, a missing file, or images that do not fit; ModelError and EngineError on a bad file;
 *   DatasetError on bad images, or where they cannot be fetched
 */
export async function loadModel(source: ModelSource, options: ImageOptions = {}): Promise<BenchModel> {
  const { name, bytes, onnx, card } = await readNetwork(source.reference, { ...options, source })
  const numbers = await numbersOf(source, onnx.input.name)
  const found = numbers ? withoutPreprocessing(source, numbers) : await preprocessingOf(source, card)
  const opened = await openData(source, onnx, { name, card, numbers, preprocessing: found.preprocessing }, options)
  const { data, images, preprocessing, notes } = opened
  // Of no images: what does not fit is refused here, not after minutes in a worker.
  await preprocess(await images('calibration'), [], preprocessing)
  return {
    source: card ? source : { ...source, preprocessor: null, ...(!numbers && { preprocessing }) },
    name,
    title: card?.title ?? name,
    family: card?.family ?? name,
    licence: card?.licence ?? null,
    bytes,
    onnx,
    data,
    dataFingerprint: async () => {
      const prints = [await (await images('test')).fingerprint(), await (await images('calibration')).fingerprint()]
      return [...new Set(prints)].join(' ')
    },
    images,
    preprocessing,
    notes: [...(found.note === undefined ? [] : [found.note]), ...notes],
  }
}

/** The networks of the zoo as sources: all, or those whose files ship with it. */
export async function zooSources(which: 'all' | 'shipped' = 'all'): Promise<ModelSource[]> {
  const cards = which === 'all' ? await listZoo() : await listShipped()
  return cards.map((card) => ({ reference: `${zooPrefix}${card.name}` }))
}

/** A network without data: enough to list its layers. */
export interface Network {
  readonly name: string
  readonly bytes: Uint8Array
  readonly onnx: OnnxModel
  /** What the zoo says of it; undefined for a file. */
  readonly card: ModelCard | undefined
}

export interface NetworkOptions extends FetchOptions {
  /** What is known of its preprocessing: the size of the images, where its file leaves that open. */
  readonly source?: ModelSource
}

/**
 * Reads a network by reference: 'zoo:NAME' or the path of an ONNX file, with the files beside it that hold its weights. Where it leaves the
 * size of its images open, that is where their preprocessing ends.
 *
 * @throws InputError on an unknown name or a missing file; ModelError and EngineError on a bad file; DatasetError where a network of the
 *   zoo cannot be fetched
 */
export async function readNetwork(reference: string, options: NetworkOptions = {}): Promise<Network> {
  if (reference.startsWith(zooPrefix)) {
    const { card, bytes } = await readZooModel(reference.slice(zooPrefix.length), options)
    return { name: card.name, bytes, onnx: await readModel(bytes, { name: card.name }), card }
  }
  const bytes = await readFile(reference).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    const sentence =
      code === 'ENOENT' ? `There is no file ${reference}.` : `${reference} cannot be read: ${String(code)}.`
    throw new InputError(sentence, {
      hint: "Name an ONNX file, or a network of the zoo as 'zoo:NAME'; npx loadbearing layers lists them.",
      cause,
    })
  })
  const name = basename(reference).replace(/\.onnx$/i, '')
  const folder = dirname(reference)
  const onnx = await readModel(bytes, {
    name: reference,
    external: (location) => readFile(join(folder, location)),
    inputShape: (input) => exampleShape(input, options.source ?? { reference }),
  })
  // With what lies in other files: the network as it runs.
  return { name, bytes: onnx.bytes, onnx, card: undefined }
}

/** What an open input is given: the numbers of its data, or images in the size that their preprocessing ends in. */
async function exampleShape({ name, sizes }: OpenInput, source: ModelSource): Promise<readonly number[] | undefined> {
  const numbers = await numbersOf(source, name)
  const shape = numbers ? await numbers.shape() : await imageShape(source)
  const fits =
    (sizes.length === 0 || sizes.length === shape?.length) &&
    sizes.every((size, axis) => size === undefined || size === shape?.[axis])
  if (fits && !shape?.includes(0)) return shape
  // Of images it is said where they are opened.
  if (!numbers) return undefined
  throw new InputError(
    `Row 0 of ${numbers.table.path} holds a list of shape [${shape!.join(', ')}], but ${source.reference} takes [${sizes.map((size) => size ?? '?').join(', ')}].`,
    { hint: 'Write the examples as lists of that shape.' },
  )
}

async function imageShape(source: ModelSource): Promise<readonly number[] | undefined> {
  const { preprocessing } = await preprocessingOf(source, undefined)
  const size = finalSize(preprocessing)
  if (!size) return undefined
  const { height, width } = size
  return preprocessing.layout === 'nhwc' ? [height, width, 3] : [3, height, width]
}

/**
 * The chosen examples as a batch for the network: images are resized and cropped as they are read, then (byte / scale − mean) / std by
 * channel; numbers are as they are.
 *
 * @returns [n, channels, height, width], or [n, height, width, channels] where the layout is so; of numbers, [n, …]
 * @throws InputError when mean or std has not one number a channel, or naming an example that cannot be read
 */
export async function preprocess(
  examples: LabelledExamples,
  indices: readonly number[],
  preprocessing: Preprocessing,
): Promise<Tensor> {
  return (await readBatch(examples, indices))(preprocessing)
}

/** The chosen examples, read once, as the batch that each of several preprocessings makes of them. */
export async function readBatch(
  examples: LabelledExamples,
  indices: readonly number[],
): Promise<(preprocessing: Preprocessing) => Tensor> {
  if (examples.kind === 'images') {
    const { shape } = examples
    const pixels = await examples.read(indices)
    return (preprocessing) => normalised(pixels, shape, preprocessing)
  }
  const batch = { shape: [indices.length, ...examples.shape], data: await examples.read(indices) }
  return () => batch
}
