import { join } from 'node:path'
import {
  measure,
  type MeasuredTask,
  measuredTasks,
  type MeasureOptions,
  perturbations,
  type RegisteredPerturbation,
} from '@loadbearing/bench'
import { findNamed, InputError, LoadbearingError } from '@loadbearing/core'
import { type ImageOptions, type ModelCard, readImages } from '@loadbearing/zoo'

/** How little of a network is measured. */
export interface SmallMeasurement {
  /** Names of perturbations. */
  readonly perturbations: readonly string[]
  readonly images: number
  readonly repeats: number
}

/** The number of worker threads that an option gives. @throws InputError where it is none */
export function threadsIn(text: string): number {
  const threads = Number(text)
  if (Number.isInteger(threads) && threads >= 1) return threads
  throw new InputError(`'${text}' is no number of threads.`, { hint: 'Give a whole number: --threads 2.' })
}

/**
 * Checks that all networks have their images, before any is measured.
 *
 * @throws InputError naming the networks that have none
 */
export async function requireImages(cards: readonly ModelCard[], options: ImageOptions): Promise<void> {
  for (const data of new Set(cards.map((card) => card.data))) {
    try {
      await readImages(data, 'test', options)
    } catch (cause) {
      if (!(cause instanceof LoadbearingError)) throw cause
      const its = cards.filter((card) => card.data === data).map(({ name }) => name)
      const others = cards.filter((card) => card.data !== data).map(({ name }) => name)
      throw new InputError(`There are no images for ${its.join(', ')}. ${cause.message}`, {
        hint: [
          ...(cause.hint === undefined ? [] : [cause.hint]),
          ...(others.length === 0 ? [] : [`Or measure the others alone: --model ${others.join(',')}`]),
        ].join(' '),
        cause,
      })
    }
  }
}

/** A network's own folder below `out`, which is named by its file, so that a network that was trained again is measured again. */
export function folderOf({ name, sha256 }: Pick<ModelCard, 'name' | 'sha256'>, out: string): string {
  return join(out, `${name}-${sha256.slice(0, 8)}`)
}

/**
 * Measures a network into its own folder. What is there is not measured twice.
 *
 * @returns its tasks, in order of the perturbations
 * @throws what `measure` throws
 */
export async function measureNetwork(
  card: ModelCard,
  { perturbations: names, images, repeats }: SmallMeasurement,
  options: Pick<MeasureOptions, 'out' | 'threads' | 'cifar10' | 'onProgress'>,
): Promise<MeasuredTask[]> {
  const out = folderOf(card, options.out)
  const models = [{ reference: `zoo:${card.name}` }]
  const precision = { kind: 'fixed', images, repeats } as const
  await measure({ ...options, models, perturbations: names.map(registered), precision, out })
  return measuredTasks(out, { perturbations: names })
}

function registered(name: string): RegisteredPerturbation {
  const plugin = findNamed(
    'perturbation',
    name,
    perturbations.map((each) => each.plugin),
  )
  return perturbations.find((each) => each.plugin === plugin)!
}
