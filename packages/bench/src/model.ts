import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { InputError, type Tensor } from '@loadbearing/core'
import { type OnnxModel, readModel } from '@loadbearing/onnx'
import {
  type FetchOptions,
  type ImageOptions,
  type ImageSet,
  listShipped,
  listZoo,
  type ModelCard,
  type Preprocessing,
  readImages,
  readZooModel,
  type Split,
} from '@loadbearing/zoo'

/** What a model is and what it is measured on, small enough to hand to a worker and to keep in a plan. */
export interface ModelSource {
  /** 'zoo:NAME' or the path of an ONNX file. */
  readonly reference: string
  /** 'zoo:NAME' of the images; a zoo model's own by default. */
  readonly data?: string
  /** A zoo model's own by default; bytes / 255 otherwise. */
  readonly preprocessing?: Preprocessing
}

/** A model ready to be measured. */
export interface BenchModel {
  readonly source: ModelSource
  /** The name in tables: the zoo's, or the file's without its ending. */
  readonly name: string
  readonly title: string
  /** Architecture family; the name itself where nothing is known. */
  readonly family: string
  readonly licence: string | null
  readonly bytes: Uint8Array
  readonly onnx: OnnxModel
  readonly data: string
  readonly images: (split: Split) => Promise<ImageSet>
  readonly preprocessing: Preprocessing
}

const zooPrefix = 'zoo:'

/**
 * Loads a model and checks that it fits its data. What of both does not ship is fetched where it is not here yet.
 *
 * @throws InputError on an unknown name, a missing file, or images of another shape; ModelError and EngineError on a bad file;
 *   DatasetError on bad images, or where they cannot be fetched
 */
export async function loadModel(source: ModelSource, options: ImageOptions = {}): Promise<BenchModel> {
  const model = await withData(source, options)
  const images = await model.images('calibration')
  if (images.shape.join() !== model.onnx.input.shape.join()) {
    throw new InputError(
      `${model.name} takes examples of shape [${model.onnx.input.shape.join(', ')}], but the images of ${model.data} are [${images.shape.join(', ')}].`,
      { hint: 'Choose data of the size and number of channels that the model was trained on.' },
    )
  }
  if (images.classes.length !== model.onnx.output.classes) {
    throw new InputError(
      `${model.name} tells ${model.onnx.output.classes} classes apart, but ${model.data} has ${images.classes.length}.`,
      { hint: 'Choose the data that the model was trained on.' },
    )
  }
  return model
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

/**
 * Reads a network by reference: 'zoo:NAME' or the path of an ONNX file.
 *
 * @throws InputError on an unknown name or a missing file; ModelError and EngineError on a bad file; DatasetError where a network of the
 *   zoo cannot be fetched
 */
export async function readNetwork(reference: string, options: FetchOptions = {}): Promise<Network> {
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
  return { name, bytes, onnx: await readModel(bytes, { name: reference }), card: undefined }
}

async function withData(source: ModelSource, options: ImageOptions): Promise<BenchModel> {
  const { name, bytes, onnx, card } = await readNetwork(source.reference, options)
  const data = dataName(source.data) ?? card?.data
  if (data === undefined) {
    throw new InputError(`${source.reference} needs images to be measured on.`, {
      hint: 'Name them: --data zoo:fashion-mnist.',
    })
  }
  const channels = onnx.input.shape[0] ?? 1
  const unit = { scale: 255, mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) }
  return {
    source,
    name,
    title: card?.title ?? name,
    family: card?.family ?? name,
    licence: card?.licence ?? null,
    bytes,
    onnx,
    data,
    images: (split) => readImages(data, split, options),
    preprocessing: source.preprocessing ?? card?.preprocessing ?? unit,
  }
}

function dataName(reference: string | undefined): string | undefined {
  if (reference === undefined || reference.startsWith(zooPrefix)) return reference?.slice(zooPrefix.length)
  throw new InputError(`The data '${reference}' cannot be read yet.`, {
    hint: 'Name images of the zoo: zoo:fashion-mnist.',
  })
}

/**
 * The chosen images as a batch for the network: (byte / scale − mean) / std by channel, [n, channels, height, width].
 *
 * @throws InputError when mean or std has not one number a channel
 */
export function preprocess(images: ImageSet, indices: readonly number[], { scale, mean, std }: Preprocessing): Tensor {
  const [channels, height, width] = images.shape
  if (mean.length !== channels || std.length !== channels) {
    throw new InputError(
      `The preprocessing has ${mean.length} means and ${std.length} deviations for ${channels} channels.`,
      { hint: 'Give --mean and --std one number a channel, joined by commas.' },
    )
  }
  const area = height * width
  const size = channels * area
  const data = new Float32Array(indices.length * size)
  indices.forEach((index, row) => {
    for (let i = 0; i < size; i++) {
      const channel = Math.floor(i / area)
      data[row * size + i] = (images.pixels[index * size + i]! / scale - mean[channel]!) / std[channel]!
    }
  })
  return { shape: [indices.length, ...images.shape], data }
}
