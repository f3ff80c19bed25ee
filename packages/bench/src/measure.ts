import { availableParallelism } from 'node:os'
import { InputError } from '@loadbearing/core'
import { readTableIfThere, writeTables } from '@loadbearing/dataset/folder'
import type { ImageOptions } from '@loadbearing/zoo'
import { assemble } from './assemble.ts'
import { refuseChangedDraws } from './changed-draws.ts'
import { pointsOf } from './cells.ts'
import { runRow, startMeter } from './cost.ts'
import { decide } from './decide.ts'
import { withFolderLock } from './folder-lock.ts'
import type { Job } from './measure-worker.ts'
import { type BenchModel, loadModel, type ModelSource } from './model.ts'
import { findPerturbation } from './plugins.ts'
import { type Decision, extendPlan, type Plan, type Precision, readPlan, sourceOf, writePlan } from './plan.ts'
import { runJobs } from './pool.ts'
import type { RegisteredPerturbation } from './registry.ts'
import { piecesOn, stagesOf } from './stages.ts'
import { askedBy } from './surroundings.ts'
import { imagesOf, isFinished, removeBegun, type Unit } from './units.ts'

const defaultChunk = 250

export interface MeasureOptions extends ImageOptions {
  readonly models: readonly ModelSource[]
  readonly perturbations: readonly RegisteredPerturbation[]
  /** The dataset folder; an earlier measurement in it goes on, and grows. */
  readonly out: string
  readonly precision: Precision
  /** Wall-clock seconds that may be spent on what follows the pilot; where they are short, all tasks get the ceiling that there is time for. */
  readonly seconds?: number
  /** Images that a worker takes up at once; 250 by default. */
  readonly chunk?: number
  /** Worker threads; one a core by default. */
  readonly threads?: number
  readonly onProgress?: (progress: MeasureProgress) => void
}

/** What a pilot measures of everything: enough draws that the scatter between them is known (docs/measuring.md), and one chunk. */
const pilot = { repeats: 4, images: defaultChunk }

/**
 * What it takes to reach a noise ceiling: a pilot, then as much as it says.
 *
 * @param most the most images and draws of anything
 */
export function untilCeiling(ceiling: number, most: { readonly images: number; readonly repeats: number }): Precision {
  const least = { repeats: Math.min(pilot.repeats, most.repeats), images: Math.min(pilot.images, most.images) }
  return { kind: 'ceiling', ceiling, pilot: least, most }
}

/** What a pilot decided of one model under one perturbation. */
export type DecidedPair = Decision & { readonly model: string; readonly perturbation: string }

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
  | { readonly kind: 'decided'; readonly pairs: readonly DecidedPair[] }
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
  const { out, signal, onProgress, seconds, threads = availableParallelism() } = options
  let plan = extendPlan(await readPlan(out), await planOf(models, options))
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
  const perturbations = await plannedPerturbations(plan)
  await removeBegun(out)
  await writePlan(out, plan)

  const meter = startMeter()
  let forwards = 0
  let jobs = jobsOf(plan, all, perturbations, options)
  try {
    for (let checked = false; ; checked = true) {
      const finished = await Promise.all(jobs.map(({ job, unit }) => isFinished(job.folder, unit)))
      const pending = jobs.filter((_, i) => !finished[i])
      if (!checked) {
        const there = jobs.flatMap(({ unit }, i) => (finished[i] ? [unit] : []))
        await refuseChangedDraws(all, there, out, options)
      }
      const left = pending.reduce((sum, { unit }) => sum + imagesOf(unit) * pointsOf(unit.grid).length, 0)
      forwards += left
      let done = jobs.length - pending.length
      onProgress?.({
        kind: 'plan',
        models: all.length,
        layers: all.reduce((sum, model) => sum + model.onnx.layers.length, 0),
        cells: cellsOf(jobs),
        forwards: left,
        units: jobs.length,
        finished: done,
        threads,
        memory: threads * plan.chunk * Math.max(...all.map(activationBytes)),
      })
      await runJobs(
        pending.map(({ job }) => job),
        {
          threads,
          signal,
          onFinished: (job) => {
            done++
            const model = plan.models.find(({ source }) => source.reference === job.source.reference)
            const at = { model: model?.name ?? '', layer: job.layer }
            onProgress?.({ kind: 'unit', units: jobs.length, finished: done, ...at })
          },
        },
      )
      if (isDecided(plan)) break
      const units = jobs.map(({ unit }) => unit)
      plan = await decide(plan, all, perturbations, { folder: out, units, seconds, threads })
      await writePlan(out, plan)
      onProgress?.({
        kind: 'decided',
        pairs: plan.pairs.flatMap(({ decision, ...pair }) => (decision ? [{ ...pair, ...decision }] : [])),
      })
      jobs = jobsOf(plan, all, perturbations, options)
    }
  } finally {
    meter.stop()
  }

  const units = jobs.map(({ unit }) => unit)
  const tables = await assemble(plan, all, perturbations, units, out)
  for (const { name, classes, images, clean_correct: correct } of tables.models) {
    if (correct / images < 2 / classes) {
      onProgress?.({
        kind: 'warning',
        message: `${name} is right on only ${((100 * correct) / images).toFixed(1)} % of the images without any perturbation, near chance. Its preprocessing is probably not the one it was trained with (--mean, --std, --scale).`,
      })
    }
  }
  const before = await readTableIfThere(out, 'runs')
  const examples = Math.max(...tables.models.map(({ images }) => images))
  const cost = { ...meter.read(), examples, forwards, threads }
  await writeTables(out, {
    ...tables,
    runs: forwards === 0 ? before : [...before, runRow('measure', null, null, cost)],
  })
}

function isDecided({ precision, pairs }: Plan): boolean {
  return precision.kind === 'fixed' || pairs.every(({ decision }) => decision !== undefined)
}

/** Different cells among the units: those of a cell's first chunk. */
function cellsOf(jobs: readonly { readonly unit: Unit }[]): number {
  return jobs.reduce((sum, { unit }) => sum + (unit.chunk === 0 ? pointsOf(unit.grid).length : 0), 0)
}

/** One after the other: what one of them fetches, the next ones find. Workers then find all of it. */
async function loadAll(sources: readonly ModelSource[], options: ImageOptions): Promise<BenchModel[]> {
  const models = []
  for (const source of sources) models.push(await loadModel(source, options))
  return models
}

async function planOf(models: readonly BenchModel[], options: MeasureOptions): Promise<Omit<Plan, 'protocol'>> {
  const { precision, chunk = defaultChunk, perturbations } = options
  const names = models.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new InputError(`Two models are called '${twice}'.`, { hint: 'Rename one of the files.' })
  const least = precision.kind === 'fixed' ? precision.images : precision.pilot.images
  for (const model of models) {
    const { count } = await model.images('test')
    if (least > count) {
      throw new InputError(`${least} images were asked for, but ${model.data} has ${count} test images.`, {
        hint: `Ask for at most as many: --images ${count}.`,
      })
    }
  }
  return {
    precision,
    chunk,
    models: models.map(({ source, name, onnx }) => ({ source, name, sha256: onnx.sha256 })),
    perturbations: perturbations.map(({ plugin, module }) => ({
      name: plugin.name,
      version: plugin.version,
      intensities: [...plugin.intensities],
      ...(module.startsWith('@loadbearing/') ? {} : { module }),
    })),
    pairs: models.flatMap((model) =>
      perturbations.map(({ plugin }) => ({ model: model.name, perturbation: plugin.name })),
    ),
  }
}

/** The perturbations of the plan, each with the grid that it was planned on. */
async function plannedPerturbations(plan: Plan): Promise<RegisteredPerturbation[]> {
  return Promise.all(
    plan.perturbations.map(async ({ name, module, intensities }) => ({
      plugin: { ...(await findPerturbation(name, module)), intensities },
      module: module ?? '',
    })),
  )
}

function inPlanOrder(plan: Plan, models: readonly BenchModel[]): BenchModel[] {
  return plan.models.map(({ name }) => models.find((model) => model.name === name)!)
}

/** Every unit of the plan, chunk-major within a model, so that one pass over the front of the network serves all that follow. */
function jobsOf(
  plan: Plan,
  models: readonly BenchModel[],
  perturbations: readonly RegisteredPerturbation[],
  { out: folder, cifar10 }: MeasureOptions,
): { job: Job; unit: Unit }[] {
  const found = models.flatMap((model) => {
    const measured = plan.pairs
      .filter((pair) => pair.model === model.name)
      .map((pair) => {
        const { plugin, module } = perturbations.find(({ plugin: { name } }) => name === pair.perturbation)!
        return { plugin, module, stages: stagesOf(plan, pair, plugin) }
      })
    const asked = askedBy(measured.map(({ plugin }) => plugin))
    const images = Math.max(0, ...measured.flatMap(({ stages }) => stages.map((stage) => stage.images)))
    const chunks = Array.from({ length: Math.ceil(images / plan.chunk) }, (_, chunk) => chunk)
    return chunks.flatMap((chunk) =>
      model.onnx.layers.flatMap((layer) =>
        measured.flatMap(({ plugin, module, stages }) =>
          piecesOn(chunk, plan.chunk, stages, plugin).map((piece) => {
            const shared = { model: model.onnx.sha256, ...piece, chunk, chunkSize: plan.chunk }
            const perturbation = { name: plugin.name, module: module === '' ? undefined : module }
            return {
              unit: { ...shared, layer, perturbation: plugin } satisfies Unit,
              job: { folder, source: model.source, cifar10, perturbation, layer: layer.name, asked, unit: shared },
            }
          }),
        ),
      ),
    )
  })
  return found.map(({ job, unit }, id) => ({ job: { ...job, id }, unit }))
}

/** About how many bytes of activations one image leaves in front of the layers. */
function activationBytes({ onnx }: BenchModel): number {
  return onnx.layers.reduce((sum, { inputShape }) => sum + 4 * inputShape.reduce((a, b) => a * b, 1), 0)
}
