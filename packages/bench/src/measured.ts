import { InputError } from '@loadbearing/core'
import type { ImageOptions } from '@loadbearing/zoo'
import { type BenchModel, loadModel } from './model.ts'
import type { ModelSource } from './model-source.ts'
import type { Plan } from './plan.ts'
import { findPerturbation } from './plugins.ts'
import type { RegisteredPerturbation } from './registry.ts'

/** What a plan names, loaded. */
export interface Measured {
  /** In the order of the plan. */
  readonly models: readonly BenchModel[]
  /** In the order of the plan, each with the grid that it was planned on. */
  readonly perturbations: readonly RegisteredPerturbation[]
  /** Images of every model's whole test set, by the SHA-256 of its file. */
  readonly testImages: ReadonlyMap<string, number>
}

/**
 * Loads what a plan names.
 *
 * @param loaded models that are loaded already
 * @param folder the dataset folder, for the sentence
 * @throws InputError where a model's file is not the one that was planned, and as loadModel and findPerturbation do
 */
export async function measuredBy(
  plan: Plan,
  loaded: readonly BenchModel[],
  folder: string,
  options: ImageOptions = {},
): Promise<Measured> {
  const others = plan.models.filter(({ name }) => !loaded.some((model) => model.name === name))
  const all = [
    ...loaded,
    ...(await loadAll(
      others.map(({ source }) => source),
      options,
    )),
  ]
  const models = plan.models.map(({ name, sha256 }) => {
    const model = all.find((each) => each.name === name)!
    if (model.onnx.sha256 === sha256) return model
    throw new InputError(`The file of ${name} is not the one that was measured into ${folder}.`, {
      hint: 'Measure into another folder: --out.',
    })
  })
  const perturbations = await Promise.all(
    plan.perturbations.map(async ({ name, module, intensities }) => ({
      plugin: { ...(await findPerturbation(name, module)), intensities },
      module: module ?? '',
    })),
  )
  const testImages = new Map<string, number>()
  for (const model of models) testImages.set(model.onnx.sha256, (await model.images('test')).count)
  return { models, perturbations, testImages }
}

/** Models, one after the other: what one of them fetches, the next ones find. Workers then find all of it. */
export async function loadAll(sources: readonly ModelSource[], options: ImageOptions): Promise<BenchModel[]> {
  const models = []
  for (const source of sources) models.push(await loadModel(source, options))
  return models
}
