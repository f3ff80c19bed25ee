import type { ModelSource } from '@loadbearing/bench'
import { InputError } from '@loadbearing/core'
import { Option } from 'commander'
import { cropSize, resizeSize } from './image-size.ts'
import { numbers, number, positiveInteger } from './parsing.ts'

/** What every command takes. */
export interface CommonOptions {
  readonly json?: boolean
  readonly debug?: boolean
}

/** The name that a model has in the tables, from the word that named it: 'zoo:NAME', a path, or the name itself. */
export const nameOf = (reference: string): string => reference.replace(/^zoo:|^.*[/\\]|\.onnx$/gi, '')

/** Where the dataset lies. */
export const outOption = (): Option => new Option('--out <folder>', 'the dataset folder').default('loadbearing-dataset')

export const threadsOption = (): Option =>
  new Option('--threads <n>', 'worker threads (default: one a core)').argParser(positiveInteger)

export const batchOption = (): Option =>
  new Option(
    '--batch <n>',
    'images that an engine is given at once: fewer take less memory, more are faster (default: 64)',
  ).argParser(positiveInteger)

export const memoryOption = (): Option =>
  new Option(
    '--no-memory',
    'leave out what each criterion takes of memory, which runs it once more, in a process of its own',
  )

export const cifar10Option = (): Option =>
  new Option('--cifar10 <folder>', 'read CIFAR-10 from its official binary version here, in place of fetching it')

/** What the images of a model are, and what is done to them. */
export interface DataOptions extends GivenPreprocessing {
  readonly data?: string
  readonly calibration?: string
  readonly labels?: string
  readonly preprocessor?: string
}

type GivenPreprocessing = NonNullable<ModelSource['preprocessing']>

export const dataOptions = (): Option[] => [
  new Option(
    '--data <images>',
    "the images: a folder with one subfolder a class, a CSV of path,label, a Parquet or Arrow file (of images or lists of numbers), or zoo:NAME (default: a zoo model's own)",
  ),
  new Option('--calibration <images>', 'other images for calibration (default: a fifth of the data, at most 1,024)'),
  new Option('--labels <file>', "the names of the classes in the order of the model's outputs: JSON, or one a line"),
  new Option('--preprocessor <file>', 'a preprocessor_config.json (default: the one beside the model, if any)'),
  new Option('--resize <n or WxH>', 'resize to this shorter side, or to this size').argParser(resizeSize),
  new Option('--crop <n or WxH>', 'then cut out the middle').argParser(cropSize),
  new Option('--channels <order>', 'order of the colours (default: rgb)').choices(['rgb', 'bgr']),
  new Option('--scale <n>', 'bytes are divided by this (default: 255)').argParser(number),
  new Option('--mean <n,…>', 'then this is subtracted, by channel (default: 0)').argParser(numbers),
  new Option('--std <n,…>', 'then it is divided by this, by channel (default: 1)').argParser(numbers),
  new Option('--layout <layout>', "where the channels are (default: as the model's input has them)").choices([
    'nchw',
    'nhwc',
  ]),
]

/**
 * The source that a reference and the options of its data name.
 *
 * @throws InputError where mean and std are not of the same channels, or something would be divided by zero
 */
export function sourceFrom(reference: string, options: DataOptions): ModelSource {
  const { data, calibration, labels, preprocessor, resize, crop, channels, scale, mean, std, layout } = options
  if (mean && std && mean.length !== std.length && mean.length > 1 && std.length > 1) {
    throw new InputError(`--mean has ${mean.length} numbers and --std ${std.length}; both need one a channel.`)
  }
  if (scale === 0 || std?.includes(0)) {
    throw new InputError(`${scale === 0 ? '--scale' : '--std'} must not be zero: values are divided by it.`)
  }
  const preprocessing = {
    ...(resize && { resize }),
    ...(crop && { crop }),
    ...(channels && { channels }),
    ...(scale !== undefined && { scale }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(layout && { layout }),
  }
  return {
    reference,
    ...(data !== undefined && { data }),
    ...(calibration !== undefined && { calibration }),
    ...(labels !== undefined && { labels }),
    ...(preprocessor !== undefined && { preprocessor }),
    ...(Object.keys(preprocessing).length > 0 && { preprocessing }),
  }
}
