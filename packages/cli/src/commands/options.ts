import type { ModelSource } from '@loadbearing/bench'
import { InputError } from '@loadbearing/core'
import { Option } from 'commander'
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

export const cifar10Option = (): Option =>
  new Option('--cifar10 <folder>', 'read CIFAR-10 from its official binary version here, in place of fetching it')

/** What the images of a model are, and what is done to them. */
export interface DataOptions {
  readonly data?: string
  readonly mean?: number[]
  readonly std?: number[]
  readonly scale?: number
}

export const dataOptions = (): Option[] => [
  new Option('--data <images>', "the images: zoo:NAME (default: a zoo model's own)"),
  new Option('--scale <n>', 'bytes are divided by this (default: 255)').argParser(number),
  new Option('--mean <n,…>', 'then this is subtracted, by channel (default: 0)').argParser(numbers),
  new Option('--std <n,…>', 'then it is divided by this, by channel (default: 1)').argParser(numbers),
]

/**
 * The source that a reference and the options of its data name.
 *
 * @throws InputError where mean and std are not of the same channels
 */
export function sourceFrom(reference: string, { data, mean, std, scale }: DataOptions): ModelSource {
  const given = mean ?? std
  if (mean && std && mean.length !== std.length) {
    throw new InputError(`--mean has ${mean.length} numbers and --std ${std.length}; both need one a channel.`)
  }
  const preprocessing = given !== undefined || scale !== undefined
  return {
    reference,
    ...(data !== undefined && { data }),
    ...(preprocessing && {
      preprocessing: {
        scale: scale ?? 255,
        mean: mean ?? given?.map(() => 0) ?? [0],
        std: std ?? given?.map(() => 1) ?? [1],
      },
    }),
  }
}
