import { resolve } from 'node:path'
import { InputError } from '@loadbearing/core'
import {
  type Asked,
  finalSize,
  findNumbers,
  findPreprocessor,
  type LabelledExamples,
  type LabelledImages,
  type NumbersColumn,
  openUserImages,
  openUserNumbers,
  type Preprocessing,
  readPreprocessor,
  type Size,
  type UserImages,
} from '@loadbearing/images'
import { integerRange, type OnnxModel } from '@loadbearing/onnx'
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

/** The column of numbers that a model's data is, where it is no images. @throws InputError as `findNumbers` does */
export async function numbersOf({ data }: ModelSource, input: string): Promise<NumbersColumn | undefined> {
  return data === undefined || data.startsWith(zooPrefix) ? undefined : findNumbers(data, input)
}

/** Numbers are taken as they are. @throws InputError when a preprocessing is given */
export function withoutPreprocessing(
  { preprocessor, preprocessing = {} }: ModelSource,
  { table, name }: NumbersColumn,
): FoundPreprocessing {
  const given = [...(typeof preprocessor === 'string' ? ['preprocessor'] : []), ...Object.keys(preprocessing)]
  if (given.length === 0) return { preprocessing: { scale: 1, mean: [0], std: [1] }, note: undefined }
  throw new InputError(
    `The examples of ${table.path} are numbers ('${name}'), which are taken as they are: ${given.map((option) => `--${option}`).join(' and ')} ${given.length === 1 ? 'is' : 'are'} for images.`,
    { hint: 'Leave that out, and write the numbers as the model takes them.' },
  )
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
  readonly images: (split: Split, preprocessing?: Preprocessing) => Promise<LabelledExamples>
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
    numbers,
    preprocessing: asked,
  }: {
    readonly name: string
    readonly card: ModelCard | undefined
    readonly numbers: NumbersColumn | undefined
    readonly preprocessing: Preprocessing
  },
  options: ImageOptions,
): Promise<ModelData> {
  const reference = source.data ?? (card && `${zooPrefix}${card.data}`)
  if (reference === undefined) {
    throw new InputError(`${source.reference} needs images to be measured on.`, {
      hint: 'Name them: --data FOLDER with one subfolder a class, a CSV, Parquet or Arrow file, or --data zoo:fashion-mnist.',
    })
  }
  const model = {
    name,
    onnx,
    asked: {
      model: name,
      classes: onnx.output.classes,
      labels: source.labels,
      ...(!card && { file: source.reference }),
    },
  }
  const layout = asked.layout ?? (onnx.input.layout === 'nhwc' ? 'nhwc' : undefined)
  const preprocessing = layout && !numbers ? { ...asked, layout } : asked
  const notes: string[] = []
  const open = async (named: string): Promise<OpenSet> => {
    if (!numbers) return openSet(named, model, preprocessing, notes, options)
    const column = named === source.data ? numbers : await numbersOf({ ...source, data: named }, onnx.input.name)
    if (column) return openNumbers(column, model, notes)
    throw new InputError(`${named} has no lists of numbers as ${source.data} has.`, {
      hint: 'Calibrate on examples of the same kind: a Parquet or Arrow file with a column of lists of numbers.',
    })
  }
  if (source.calibration !== undefined && areOneSet(reference, source.calibration)) {
    throw new InputError(`${reference} cannot be for calibration and for the truth both.`, {
      hint: 'Leave --calibration out: about a fifth of the images is then kept apart for it. Or name other ones.',
    })
  }
  const own = await open(reference)
  const other = source.calibration === undefined ? undefined : await open(source.calibration)
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

/** Whether both name the same folder or file: not the zoo's data, whose parts are apart. */
function areOneSet(data: string, calibration: string): boolean {
  return !data.startsWith(zooPrefix) && resolve(data) === resolve(calibration)
}

interface Measured {
  readonly name: string
  readonly onnx: OnnxModel
  readonly asked: Asked
}

interface OpenSet {
  readonly name: string
  /** @param zoo the split of the zoo's data that stands for all */
  readonly images: (which: Split | 'all', how: Preprocessing, zoo?: Split) => Promise<LabelledExamples>
}

async function openNumbers(column: NumbersColumn, { name, onnx, asked }: Measured, notes: string[]): Promise<OpenSet> {
  const user = await openUserNumbers(
    column,
    { shape: onnx.input.shape, integers: integerRange(onnx.input.type) },
    asked,
  )
  const unread = onnx.filled.filter((input) => column.table.columns.some((each) => each.name === input.name))
  notes.push(
    ...user.notes,
    ...unread.map(
      (input) => `'${input.name}' of ${user.name} is not read: ${name} gets ${input.values} for every example.`,
    ),
  )
  return { name: user.name, images: async (which) => user.numbers(which) }
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
  const user = await openUserImages(reference, model.asked)
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
function inputOf(
  {
    name,
    onnx: {
      input: { shape: input },
    },
  }: Measured,
  { layout }: Preprocessing,
): [1 | 3, Size] {
  const [channels, height, width] = layout === 'nhwc' ? [input[2], input[0], input[1]] : input
  if (input.length === 3 && (channels === 1 || channels === 3)) {
    return [channels, { height: height!, width: width! }]
  }
  throw new InputError(
    `${name} takes examples of shape [${input.join(', ')}], which are no images of 1 or 3 channels.`,
    {
      hint: 'Export it with an input of [batch, channels, height, width], or [batch, height, width, channels] with --layout nhwc; or name a Parquet or Arrow file with a column of lists of numbers.',
    },
  )
}

/** Images of the zoo, which have one size. @throws InputError when it is not the model's, or they have other classes */
function fitting(
  images: LabelledImages,
  { layout }: Preprocessing,
  {
    name,
    onnx: {
      input: { shape: input },
      output: { classes },
    },
  }: Measured,
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
    kind: 'images',
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
