import { InputError } from '@loadbearing/core'
import {
  finalSize,
  findPreprocessor,
  type LabelledImages,
  openUserImages,
  type Preprocessing,
  readPreprocessor,
  type Size,
  type UserImages,
} from '@loadbearing/images'
import type { OnnxModel } from '@loadbearing/onnx'
import { type ImageOptions, type ImageSet, type ModelCard, readImages, type Split } from '@loadbearing/zoo'
import type { ModelSource } from './model-source.ts'

const zooPrefix = 'zoo:'

/** A preprocessing, and a sentence on where it comes from if nobody named it. */
export interface FoundPreprocessing {
  readonly preprocessing: Preprocessing
  readonly note: string | undefined
}

/**
 * What is done to images for a model: what is given, over the preprocessor_config.json that is named or lies with the model's file,
 * or else over what the zoo says of its model.
 *
 * @throws InputError when a preprocessor is missing or says what we cannot do
 */
export async function preprocessingOf(
  { reference, preprocessor, preprocessing: given = {} }: ModelSource,
  card: ModelCard | undefined,
): Promise<FoundPreprocessing> {
  const file = preprocessor === undefined && !card ? await findPreprocessor(reference) : undefined
  const followed = typeof preprocessor === 'string' ? await readPreprocessor(preprocessor) : file?.preprocessing
  // Who gives one of these three, gives all: the others are then as if nothing was known.
  const told = given.scale !== undefined || given.mean !== undefined || given.std !== undefined
  const base = followed ?? (told ? undefined : card?.preprocessing) ?? { scale: 255, mean: [0], std: [1] }
  const preprocessing = { ...base, ...given }
  return {
    preprocessing,
    note: file && `Images are preprocessed as ${file.path} says: ${describePreprocessing(preprocessing)}.`,
  }
}

/** What is done to an image, in a line, in the words of the options. */
export function describePreprocessing({ resize, crop, channels, scale, mean, std, layout }: Preprocessing): string {
  const sizeOf = ({ height, width }: Size): string => (height === width ? String(height) : `${width}x${height}`)
  return [
    ...(resize ? [`--resize ${'shorter' in resize ? resize.shorter : `${resize.width}x${resize.height}`}`] : []),
    ...(crop ? [`--crop ${sizeOf(crop)}`] : []),
    `--scale ${rounded(scale)}`,
    `--mean ${mean.map(rounded).join()}`,
    `--std ${std.map(rounded).join()}`,
    ...(channels ? [`--channels ${channels}`] : []),
    ...(layout ? [`--layout ${layout}`] : []),
  ].join(' ')
}

const rounded = (value: number): string => String(Number(value.toPrecision(6)))

/** The images of a model. */
export interface ModelData {
  readonly data: string
  /** What is done to them, the layout of the model included. */
  readonly preprocessing: Preprocessing
  /** Sentences for a person on what was understood of the images, where it might be something else. */
  readonly notes: readonly string[]
  readonly images: (split: Split, preprocessing?: Preprocessing) => Promise<LabelledImages>
}

/**
 * Opens what a model is measured on, in the size and with the channels that its input has.
 *
 * @throws InputError when there is none, or it does not fit the model; DatasetError where images of the zoo cannot be fetched
 */
export async function openData(
  source: ModelSource,
  onnx: OnnxModel,
  {
    name,
    card,
    preprocessing: asked,
  }: { readonly name: string; readonly card: ModelCard | undefined; readonly preprocessing: Preprocessing },
  options: ImageOptions,
): Promise<ModelData> {
  const reference = source.data ?? (card && `${zooPrefix}${card.data}`)
  if (reference === undefined) {
    throw new InputError(`${source.reference} needs images to be measured on.`, {
      hint: 'Name them: --data FOLDER with one subfolder a class, a CSV, Parquet or Arrow file, or --data zoo:fashion-mnist.',
    })
  }
  const layout = asked.layout ?? (onnx.input.layout === 'nhwc' ? 'nhwc' : undefined)
  const preprocessing = layout ? { ...asked, layout } : asked
  const model = { name, input: onnx.input.shape, classes: onnx.output.classes, labels: source.labels }
  const notes: string[] = []
  const own = await openSet(reference, model, preprocessing, notes, options)
  const other =
    source.calibration === undefined
      ? undefined
      : await openSet(source.calibration, model, preprocessing, notes, options)
  return {
    data: own.name,
    preprocessing,
    notes,
    images: (split, how = preprocessing) => {
      if (!other) return own.images(split, how)
      return split === 'test' ? own.images('all', how) : other.images('all', how, 'calibration')
    },
  }
}

interface Measured {
  readonly name: string
  readonly input: readonly number[]
  readonly classes: number
  readonly labels: string | undefined
}

interface OpenSet {
  readonly name: string
  /** @param zoo the split of the zoo's data that stands for all */
  readonly images: (which: Split | 'all', how: Preprocessing, zoo?: Split) => Promise<LabelledImages>
}

async function openSet(
  reference: string,
  model: Measured,
  preprocessing: Preprocessing,
  notes: string[],
  options: ImageOptions,
): Promise<OpenSet> {
  if (reference.startsWith(zooPrefix)) {
    const name = reference.slice(zooPrefix.length)
    return {
      name,
      images: async (which, how, zoo = 'test') =>
        fitting(zooImages(await readImages(name, which === 'all' ? zoo : which, options)), how, model),
    }
  }
  const [channels, size] = inputOf(model, preprocessing)
  const user = await openUserImages(reference, { model: model.name, classes: model.classes, labels: model.labels })
  notes.push(...user.notes, ...(await resizeNote(user, size, preprocessing)))
  return {
    name: user.name,
    images: async (which, how) => {
      const geometry = (how.resize ?? how.crop) ? how : { ...how, resize: size }
      const end = finalSize(geometry)
      if (end && (end.height !== size.height || end.width !== size.width)) {
        throw new InputError(
          `The preprocessing ends at ${end.width}×${end.height}, but ${model.name} takes ${size.width}×${size.height}.`,
          { hint: `Resize or crop to what it takes: --crop ${size.width}x${size.height}.` },
        )
      }
      return user.images(which, channels, size, geometry)
    },
  }
}

async function resizeNote(user: UserImages, size: Size, { resize, crop }: Preprocessing): Promise<string[]> {
  if (resize ?? crop) return []
  if (await user.seemToBe(size)) return []
  return [
    `The images of ${user.name} are resized straight to ${size.width}×${size.height}, whatever their shape; --resize and --crop say otherwise.`,
  ]
}

/** Channels and size of an image as a model takes it. @throws InputError when it takes none of 1 or 3 channels */
function inputOf({ name, input }: Measured, { layout }: Preprocessing): [1 | 3, Size] {
  const [channels, height, width] = layout === 'nhwc' ? [input[2], input[0], input[1]] : input
  if (input.length === 3 && (channels === 1 || channels === 3)) {
    return [channels, { height: height!, width: width! }]
  }
  throw new InputError(
    `${name} takes examples of shape [${input.join(', ')}], which are no images of 1 or 3 channels.`,
    {
      hint: 'Export it with an input of [batch, channels, height, width], or [batch, height, width, channels] with --layout nhwc.',
    },
  )
}

/** Images of the zoo, which have one size. @throws InputError when it is not the model's, or they have other classes */
function fitting(
  images: LabelledImages,
  { layout }: Preprocessing,
  { name, input, classes }: Measured,
): LabelledImages {
  const [channels, height, width] = images.shape
  const shape = layout === 'nhwc' ? [height, width, channels] : images.shape
  if (shape.join() !== input.join()) {
    throw new InputError(
      `${name} takes examples of shape [${input.join(', ')}], but the images of ${images.name} are [${images.shape.join(', ')}].`,
      { hint: 'Choose data of the size and number of channels that the model was trained on.' },
    )
  }
  if (images.classes.length !== classes) {
    throw new InputError(`${name} tells ${classes} classes apart, but ${images.name} has ${images.classes.length}.`, {
      hint: 'Choose the data that the model was trained on.',
    })
  }
  return images
}

/** A set of the zoo as labelled images. */
function zooImages({ data, count, shape, labels, classes, pixels }: ImageSet): LabelledImages {
  const size = shape[0] * shape[1] * shape[2]
  return {
    name: data,
    fingerprint: async () => data,
    count,
    shape,
    labels: Int32Array.from(labels),
    classes,
    read: async (indices) => {
      const bytes = new Uint8Array(indices.length * size)
      indices.forEach((index, row) => bytes.set(pixels.subarray(index * size, (index + 1) * size), row * size))
      return bytes
    },
  }
}
