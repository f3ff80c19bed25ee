import { InputError } from '@loadbearing/core'
import type { ImageOptions } from '@loadbearing/zoo'
import { type MeasuredModel, measuredModel, readKeptModel } from './measured-model.ts'
import { type BenchModel, loadModel } from './model.ts'
import type { ModelSource } from './model-source.ts'
import type { Plan } from './plan.ts'
import { findPerturbation } from './plugins.ts'
import type { RegisteredPerturbation } from './registry.ts'

/** What a plan names. */
export interface Measured {
  /** In the order of the plan. */
  readonly models: readonly MeasuredModel[]
  /** In the order of the plan, each with the grid that it was planned on. */
  readonly perturbations: readonly RegisteredPerturbation[]
}

/**
 * Looks up what a plan names. A model's file is read only where none of the folders knows the model.
 *
 * @param loaded models that are loaded already
 * @param folders the dataset folder, and others that hold parts of the same measurement
 * @throws InputError where a model's file is not the one that was planned, and as loadModel and findPerturbation do
 */
export async function measuredBy(
  plan: Plan,
  loaded: readonly BenchModel[],
  folders: readonly [string, ...string[]],
  options: ImageOptions = {},
): Promise<Measured> {
  const models: MeasuredModel[] = []
  for (const planned of plan.models) {
    const own = loaded.find(({ name }) => name === planned.name)
    const known = own ? await measuredModel(own) : await firstKept(folders, planned.sha256)
    models.push(known ?? (await measuredModel(await loadPlanned(planned, folders[0], options))))
  }
  const perturbations = await Promise.all(
    plan.perturbations.map(async ({ name, module, intensities }) => ({
      plugin: { ...(await findPerturbation(name, module)), intensities },
      module: module ?? '',
    })),
  )
  return { models, perturbations }
}

async function firstKept(folders: readonly string[], sha256: string): Promise<MeasuredModel | undefined> {
  for (const folder of folders) {
    const model = await readKeptModel(folder, sha256)
    if (model) return model
  }
  return undefined
}

/**
 * Loads a model that a plan names and this call does not.
 *
 * @param folder the dataset folder, for the sentence
 * @throws InputError where its file is not there, or not the one that was planned
 */
export async function loadPlanned(
  { name, source, sha256 }: Pick<MeasuredModel, 'name' | 'source' | 'sha256'>,
  folder: string,
  options: ImageOptions,
): Promise<BenchModel> {
  const model = await loadModel(source, options).catch((cause: unknown) => {
    options.signal?.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InputError(`${name}, which is measured into ${folder} too, cannot be read: ${why}`, {
      hint: 'Restore it, or measure into another folder: --out.',
      cause,
    })
  })
  if (model.onnx.sha256 === sha256) return model
  throw new InputError(`The file of ${name} is not the one that was measured into ${folder}.`, {
    hint: 'Measure into another folder: --out.',
  })
}

/** Models, one after the other: what one of them fetches, the next ones find. Workers then find all of it. */
export async function loadAll(sources: readonly ModelSource[], options: ImageOptions): Promise<BenchModel[]> {
  const models = []
  for (const source of sources) models.push(await loadModel(source, options))
  return models
}
