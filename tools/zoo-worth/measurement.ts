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

/** The small measurement: a perturbation a family, at all its levels. Another one needs another folder. */
export const settings = {
  perturbations: ['gaussian-noise', 'magnitude-pruning', 'uniform-quantization', 'bit-flip'],
  images: 200,
  repeats: 2,
} as const

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

/**
 * Measures a network into its own folder below `out`, which is named by its file, so that a network that was trained again is
 * measured again. What is there is not measured twice.
 *
 * @returns its tasks, in order of the perturbations
 * @throws what `measure` throws
 */
export async function measureNetwork(
  { name, sha256 }: ModelCard,
  options: Pick<MeasureOptions, 'out' | 'threads' | 'cifar10' | 'onProgress'>,
): Promise<MeasuredTask[]> {
  const { images, repeats } = settings
  const folder = join(options.out, `${name}-${sha256.slice(0, 8)}`)
  const models = [{ reference: `zoo:${name}` }]
  await measure({ ...options, models, perturbations: chosen(), precision: { kind: 'fixed', images, repeats }, out: folder })
  return measuredTasks(folder, { perturbations: settings.perturbations })
}

function chosen(): RegisteredPerturbation[] {
  const plugins = perturbations.map(({ plugin }) => plugin)
  return settings.perturbations.map((name) => {
    const plugin = findNamed('perturbation', name, plugins)
    return perturbations.find((registered) => registered.plugin === plugin)!
  })
}
