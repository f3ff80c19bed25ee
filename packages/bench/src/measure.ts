import { availableParallelism } from 'node:os'
import { InputError } from '@loadbearing/core'
import { readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import type { ImageOptions } from '@loadbearing/zoo'
import { assemble } from './assemble.ts'
import { refuseChangedDraws } from './changed-draws.ts'
import { gridOf, pointsOf } from './cells.ts'
import { runRow, startMeter } from './cost.ts'
import { withFolderLock } from './folder-lock.ts'
import type { Job } from './measure-worker.ts'
import { type BenchModel, loadModel, type ModelSource } from './model.ts'
import { findPerturbation } from './plugins.ts'
import { extendPlan, type Plan, readPlan, sourceOf, writePlan } from './plan.ts'
import { runJobs } from './pool.ts'
import type { RegisteredPerturbation } from './registry.ts'
import { isFinished, removeBegun, type Unit } from './units.ts'

export interface MeasureOptions extends ImageOptions {
  readonly models: readonly ModelSource[]
  readonly perturbations: readonly RegisteredPerturbation[]
  /** The dataset folder; an earlier measurement in it goes on, and grows. */
  readonly out: string
  /** Test images of every cell. */
  readonly images: number
  /** Draws of a stochastic perturbation at each level. */
  readonly repeats: number
  /** Images that a worker takes up at once; 250 by default. */
  readonly chunk?: number
  /** Worker threads; one a core by default. */
  readonly threads?: number
  readonly onProgress?: (progress: MeasureProgress) => void
}

export type MeasureProgress =
  | {
      readonly kind: 'plan'
      readonly models: number
      readonly layers: number
      readonly cells: number
      /** Suffix runs of one image that are still to be done. */
      readonly forwards: number
      /** Units of work: all, and those that are already there. */
      readonly units: number
      readonly finished: number
      readonly threads: number
      /** About how much memory the activations of the chunks in hand take, all threads. */
      readonly memory: number
    }
  | {
      readonly kind: 'unit'
      readonly units: number
      readonly finished: number
      readonly model: string
      readonly layer: string
    }
  | { readonly kind: 'warning'; readonly message: string }

/**
 * Measures the ground truth: perturbs one layer at a time and counts what is still right. Every finished piece is kept at once; an
 * interrupted measurement goes on with the same call. The tables appear when all is measured, and their bytes do not depend on
 * threads or interruptions (runs excepted).
 *
 * @throws InputError when options do not fit each other or the folder, or another process writes to it; DatasetError when the disk is full; the signal's reason when aborted
 */
export async function measure(options: MeasureOptions): Promise<void> {
  const models = await loadAll(options.models, options)
  await withFolderLock(options.out, () => measureInto(models, options))
}

async function measureInto(models: readonly BenchModel[], options: MeasureOptions): Promise<void> {
  const { out, signal, onProgress, threads = availableParallelism() } = options
  const plan = extendPlan(await readPlan(out), await planOf(models, options))
  const others = plan.models.filter(({ name }) => !models.some((model) => model.name === name))
  const all = inPlanOrder(plan, [...models, ...(await loadAll(others.map(sourceOf), options))])
  for (const model of all) {
    const planned = plan.models.find(({ name }) => name === model.name)
    if (planned?.sha256 !== model.onnx.sha256) {
      throw new InputError(`The file of ${model.name} is not the one that was measured into ${out}.`, {
        hint: 'Measure into another folder: --out.',
      })
    }
  }
  await removeBegun(out)
  await writePlan(out, plan)

  const jobs = await jobsOf(plan, all, options)
  const finished = await Promise.all(jobs.map(({ job, unit }) => isFinished(job.folder, unit)))
  const pending = jobs.filter((_, i) => !finished[i])
  await refuseChangedDraws(
    all,
    jobs.flatMap(({ unit }, i) => (finished[i] ? [unit] : [])),
    out,
  )
  let done = jobs.length - pending.length
  const forwards = pending.reduce((sum, { unit }) => sum + imagesOf(unit) * pointsOf(unit.grid).length, 0)
  onProgress?.({
    kind: 'plan',
    models: all.length,
    layers: all.reduce((sum, model) => sum + model.onnx.layers.length, 0),
    cells: jobs.reduce((sum, { unit }) => sum + (unit.chunk === 0 ? pointsOf(unit.grid).length : 0), 0),
    forwards,
    units: jobs.length,
    finished: done,
    threads,
    memory: threads * plan.chunk * Math.max(...all.map(activationBytes)),
  })

  const meter = startMeter()
  try {
    await runJobs(
      pending.map(({ job }) => job),
      {
        threads,
        signal,
        onFinished: (job) => {
          done++
          const model = plan.models.find(({ source }) => source.reference === job.source.reference)
          onProgress?.({ kind: 'unit', units: jobs.length, finished: done, model: model?.name ?? '', layer: job.layer })
        },
      },
    )
  } finally {
    meter.stop()
  }

  const tables = await assemble(
    plan,
    all,
    jobs.map(({ unit }) => unit),
    out,
  )
  for (const { name, classes, images, clean_correct: correct } of tables.models) {
    if (correct / images < 2 / classes) {
      onProgress?.({
        kind: 'warning',
        message: `${name} is right on only ${((100 * correct) / images).toFixed(1)} % of the images without any perturbation, near chance. Its preprocessing is probably not the one it was trained with (--mean, --std, --scale).`,
      })
    }
  }
  const before = await readTableIfThere(out, 'runs')
  const cost = { ...meter.read(), examples: plan.images, forwards, threads }
  const runs = pending.length === 0 ? before : [...before, runRow('measure', null, null, cost)]
  await writeTables(out, { ...tables, runs })
}

/** One after the other: what one of them fetches, the next ones find. Workers then find all of it. */
async function loadAll(sources: readonly ModelSource[], options: ImageOptions): Promise<BenchModel[]> {
  const models = []
  for (const source of sources) models.push(await loadModel(source, options))
  return models
}

async function planOf(models: readonly BenchModel[], options: MeasureOptions): Promise<Omit<Plan, 'protocol'>> {
  const { images, repeats, chunk = 250, perturbations } = options
  const names = models.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new InputError(`Two models are called '${twice}'.`, { hint: 'Rename one of the files.' })
  for (const model of models) {
    const { count } = await model.images('test')
    if (images > count) {
      throw new InputError(`${images} images were asked for, but ${model.data} has ${count} test images.`, {
        hint: `Ask for at most as many: --images ${count}.`,
      })
    }
  }
  return {
    images,
    repeats,
    chunk,
    models: models.map(({ source, name, onnx }) => ({ source, name, sha256: onnx.sha256 })),
    perturbations: perturbations.map(({ plugin, module }) => ({
      name: plugin.name,
      version: plugin.version,
      intensities: [...plugin.intensities],
      ...(module.startsWith('@loadbearing/') ? {} : { module }),
    })),
    pairs: models.flatMap((model) => perturbations.map(({ plugin }): [string, string] => [model.name, plugin.name])),
  }
}

function inPlanOrder(plan: Plan, models: readonly BenchModel[]): BenchModel[] {
  return plan.models.map(({ name }) => models.find((model) => model.name === name)!)
}

/** Every unit of the plan, chunk-major within a model, so that one pass over the front of the network serves all that follow. */
async function jobsOf(
  plan: Plan,
  models: readonly BenchModel[],
  { out: folder, cifar10 }: MeasureOptions,
): Promise<{ job: Job; unit: Unit }[]> {
  const perturbations = await Promise.all(
    plan.perturbations.map(async ({ name, module, intensities }) => {
      const plugin = await findPerturbation(name, module)
      return { plugin, module, grid: { ...gridOf(plugin, plan.repeats), intensities } }
    }),
  )
  const chunks = Array.from({ length: Math.ceil(plan.images / plan.chunk) }, (_, chunk) => chunk)
  const measured = new Set(plan.pairs.map((pair) => pair.join('\n')))
  const units = models.flatMap((model) =>
    chunks.flatMap((chunk) =>
      model.onnx.layers.flatMap((layer) =>
        perturbations
          .filter(({ plugin }) => measured.has(`${model.name}\n${plugin.name}`))
          .map(({ plugin, module, grid }) => {
            const shared = { model: model.onnx.sha256, grid, chunk, chunkSize: plan.chunk, images: plan.images }
            return {
              unit: { ...shared, layer, perturbation: plugin } satisfies Unit,
              job: {
                folder,
                source: model.source,
                cifar10,
                perturbation: { name: plugin.name, module },
                layer: layer.name,
                unit: shared,
              },
            }
          }),
      ),
    ),
  )
  return units.map(({ job, unit }, id) => ({ job: { ...job, id }, unit }))
}

/** Images of a unit's chunk. */
export function imagesOf({ chunk, chunkSize, images }: Pick<Unit, 'chunk' | 'chunkSize' | 'images'>): number {
  return Math.min(chunkSize, images - chunk * chunkSize)
}

/** About how many bytes of activations one image leaves in front of the layers. */
function activationBytes({ onnx }: BenchModel): number {
  return onnx.layers.reduce((sum, { inputShape }) => sum + 4 * inputShape.reduce((a, b) => a * b, 1), 0)
}
