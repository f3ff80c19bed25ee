import { availableParallelism } from 'node:os'
import { InputError } from '@loadbearing/core'
import type { ImageOptions } from '@loadbearing/zoo'
import { refuseChangedDraws } from './changed-draws.ts'
import { pointsOf } from './cells.ts'
import { forwardEngine, runRow, startMeter, watchMemory } from './cost.ts'
import { decide, decidedPairs, type DecidedPair, isDecided } from './decide.ts'
import { withFolderLock } from './folder-lock.ts'
import { jobsOf, type PlannedJob } from './jobs.ts'
import { loadAll, loadPlanned, measuredBy } from './measured.ts'
import { keepModel, readKeptModel } from './measured-model.ts'
import { chunkFor, mostMemory } from './memory.ts'
import { refuseInfiniteOn } from './finite-scores.ts'
import type { BenchModel } from './model.ts'
import type { ModelSource } from './model-source.ts'
import { extendPlan, type Plan, type Precision, readPlan, writePlan } from './plan.ts'
import { narrowingRounds } from './narrowing.ts'
import { startPace } from './pace.ts'
import { openPool } from './pool.ts'
import { placeOf, type RegisteredPerturbation } from './registry.ts'
import { checkPreprocessing } from './self-check.ts'
import { claimShard, jobsOfShard, type Shard } from './shards.ts'
import { askedBy } from './surroundings.ts'
import { imagesOf, isFinished, removeBegun } from './units.ts'
import { writeTruth } from './write-truth.ts'

/** What a column of small integers holds. */
const mostRepeats = 255

export interface MeasureOptions extends ImageOptions {
  readonly models: readonly ModelSource[]
  readonly perturbations: readonly RegisteredPerturbation[]
  /** The dataset folder; an earlier measurement in it goes on, and grows. */
  readonly out: string
  readonly precision: Precision
  /** Wall-clock seconds that may be spent on what follows the pilot; where they are short, all tasks get the ceiling that there is time for. */
  readonly seconds?: number
  /** Images that a worker takes up at once; by default 125, or fewer where they would take much memory. */
  readonly chunk?: number
  /** Worker threads; one a core by default. */
  readonly threads?: number
  /** Measures this part alone and writes no tables: shards are merged. */
  readonly shard?: Shard
  readonly onProgress?: (progress: MeasureProgress) => void
}

/**
 * What a pilot measures of everything: enough draws that the scatter between them is known (docs/measuring.md), or as much of the only one;
 * so many that a layer which turns hardly an answer wrong is known to be safe within a point.
 */
const pilot = { repeats: 4, images: 125, imagesOfOneDraw: 500 }

/**
 * What it takes to reach a noise ceiling: a pilot, then as much as it says.
 *
 * @param most the most images and draws of anything
 */
export function untilCeiling(
  ceiling: number,
  most: { readonly images: number; readonly repeats: number },
): Extract<Precision, { kind: 'ceiling' }> {
  const repeats = Math.min(pilot.repeats, most.repeats)
  return { kind: 'ceiling', ceiling, pilot: { repeats, ...pilotImages(pilot, most.images) }, most }
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
      /** Share of the work that is already there, 0 to 1. */
      readonly done: number
      /** About how long the rest will take. */
      readonly seconds: number
      readonly threads: number
      /** Bytes that the process takes at most, all threads; an estimate (docs/measuring.md). */
      readonly memory: number
    }
  | {
      readonly kind: 'unit'
      readonly units: number
      readonly finished: number
      /** Share of the work, 0 to 1: a unit weighs what it costs. */
      readonly done: number
      readonly model: string
      readonly layer: string
    }
  | { readonly kind: 'decided'; readonly pairs: readonly DecidedPair[] }
  /** After a chunk: how many cells are not narrow yet. */
  | { readonly kind: 'narrowed'; readonly images: number; readonly open: number }
  /** What was decided for the user, or understood of their images. */
  | { readonly kind: 'note'; readonly message: string }
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
  const { out, signal, onProgress, seconds, shard, threads = availableParallelism() } = options
  const notes = models.flatMap((model) => [...model.notes, ...model.onnx.notes])
  for (const message of new Set(notes)) onProgress?.({ kind: 'note', message })
  let plan = extendPlan(await readPlan(out), await planOf(models, options))
  const { loaded, unreadable } = await othersOf(plan, models, options)
  for (const { message } of unreadable.values()) {
    onProgress?.({ kind: 'warning', message: `${message} What was measured of it stays as it is.` })
  }
  const measured = await measuredBy(plan, loaded, [out], options)
  for (const model of models) {
    if (isKnown(model)) continue
    const { warning } = await checkPreprocessing(model)
    if (warning !== undefined) onProgress?.({ kind: 'warning', message: warning })
    await refuseInfiniteOn(model, plan.chunk)
  }
  await removeBegun(out)
  for (const model of measured.models) await keepModel(out, model)
  await writePlan(out, plan)
  if (shard) await claimShard(out, shard)

  const took = startMeter()
  const endWatch = watchMemory()
  let peakMemory = 0
  const pool = openPool({ threads, signal })
  let forwards = 0
  const pace = startPace(loaded, threads)
  /** Finishes a shard's or all of some jobs, and says how far it is. */
  const finish = async (jobs: readonly PlannedJob[], isFirst: boolean): Promise<void> => {
    const finished = await Promise.all(jobs.map(({ unit }) => isFinished(out, unit)))
    const pending = jobs.filter((_, i) => !finished[i])
    const lacking = pending.find(({ unit }) => unreadable.has(unit.model))
    if (lacking) throw unreadable.get(lacking.unit.model)!
    if (isFirst) {
      const there = jobs.flatMap(({ unit }, i) => (finished[i] ? [unit] : []))
      await refuseChangedDraws(loaded, there, out, options)
    }
    const left = pending.reduce((sum, { unit }) => sum + imagesOf(unit) * pointsOf(unit.grid).length, 0)
    forwards += left
    const whole = jobs.reduce((sum, { work }) => sum + work, 0)
    let count = jobs.length - pending.length
    let done = whole - pending.reduce((sum, { work }) => sum + work, 0)
    onProgress?.({
      kind: 'plan',
      models: measured.models.length,
      layers: measured.models.reduce((sum, model) => sum + model.layers.length, 0),
      cells: cellsOf(jobs),
      forwards: left,
      units: jobs.length,
      finished: count,
      done: pending.length === 0 ? 1 : done / whole,
      seconds: await pace.expect(pending),
      threads,
      memory: await memoryFor(pending, loaded, plan.chunk, threads),
    })
    const started = performance.now()
    const workOf = new Map(pending.map(({ job, work }) => [job.id, work]))
    await pool.run(
      pending.map(({ job }) => job),
      (job) => {
        count++
        done += workOf.get(job.id)!
        const model = plan.models.find(({ source }) => source.reference === job.source.reference)
        const at = { model: model?.name ?? '', layer: job.layer }
        onProgress?.({ kind: 'unit', units: jobs.length, finished: count, done: done / whole, ...at })
      },
    )
    pace.took(pending, (performance.now() - started) / 1000)
  }

  const ownOf = (jobs: readonly PlannedJob[]): readonly PlannedJob[] => (shard ? jobsOfShard(jobs, shard) : jobs)
  let jobs = [...ownOf(jobsOf(plan, measured, options))]
  try {
    await finish(jobs, true)
    if (plan.precision.kind === 'interval') {
      for await (const round of narrowingRounds([...jobs], out, plan.precision.width, measured)) {
        const [{ unit }] = round
        const open = round.reduce((sum, each) => sum + each.unit.grid.points.length, 0)
        onProgress?.({ kind: 'narrowed', images: unit.chunk * unit.chunkSize, open })
        await finish(round, false)
        jobs.push(...round)
      }
    } else if (!shard && !isDecided(plan)) {
      plan = await decide(plan, measured, { folder: out, units: jobs.map(({ unit }) => unit), seconds, threads })
      await writePlan(out, plan)
      onProgress?.({ kind: 'decided', pairs: decidedPairs(plan) })
      jobs = jobsOf(plan, measured, options)
      await finish(jobs, false)
    }
  } finally {
    await pool.close()
    peakMemory = endWatch()
  }
  if (shard) return

  await writeTruth(plan, measured, jobs, out, (before) => {
    if (forwards === 0) return before
    const examples = imagesOfPlan(jobs)
    return [
      ...before,
      runRow('measure', null, null, {
        ...took(),
        peakMemory,
        examples,
        forwards,
        backwards: 0,
        threads,
        engine: forwardEngine(),
      }),
    ]
  })
}

/** Different cells among the units: those of a cell's first chunk. */
function cellsOf(jobs: readonly PlannedJob[]): number {
  return jobs.reduce((sum, { unit }) => sum + (unit.chunk === 0 ? pointsOf(unit.grid).length : 0), 0)
}

/** Different images that the cell with the most of them sees. */
function imagesOfPlan(jobs: readonly PlannedJob[]): number {
  return Math.max(0, ...jobs.map(({ unit }) => unit.chunk * unit.chunkSize + imagesOf(unit)))
}

async function planOf(models: readonly BenchModel[], options: MeasureOptions): Promise<Omit<Plan, 'protocol'>> {
  const { precision, perturbations } = options
  const { chunk = chunkFor(models, askedBy(perturbations.map(({ plugin }) => plugin))) } = options
  const names = models.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new InputError(`Two models are called '${twice}'.`, { hint: 'Rename one of the files.' })
  const { repeats } = precision.kind === 'ceiling' ? precision.most : precision
  if (repeats > mostRepeats) {
    throw new InputError(`${repeats} repeats were asked for, but the tables number them up to ${mostRepeats}.`, {
      hint: `Ask for at most as many: --repeats ${mostRepeats}.`,
    })
  }
  const counts: number[] = []
  for (const model of models) {
    const { count } = await model.images('test')
    counts.push(count)
    if (precision.kind === 'fixed' && precision.images > count) {
      throw new InputError(`${precision.images} images were asked for, but ${model.data} has ${count} test images.`, {
        hint: `Ask for at most as many: --images ${count}.`,
      })
    }
  }
  return {
    precision: within(precision, Math.min(...counts)),
    chunk,
    models: await Promise.all(
      models.map(async ({ source, name, onnx, dataFingerprint }) => ({
        source,
        name,
        sha256: onnx.sha256,
        data: await dataFingerprint(),
      })),
    ),
    perturbations: perturbations.map((registered) => {
      const { version, intensities } = registered.plugin
      const { name, module } = placeOf(registered)
      return { name, version, intensities: [...intensities], ...(module !== undefined && { module }) }
    }),
    pairs: models.flatMap((model) =>
      perturbations.map(({ plugin }) => ({ model: model.name, perturbation: plugin.name })),
    ),
  }
}

/** A network of the zoo on its own terms: its card says how right it is. */
function isKnown({ source }: BenchModel): boolean {
  return source.reference.startsWith('zoo:') && source.data === undefined && source.preprocessing === undefined
}

function pilotImages({ images, imagesOfOneDraw }: Pick<typeof pilot, 'images' | 'imagesOfOneDraw'>, most: number) {
  return { images: Math.min(images, most), imagesOfOneDraw: Math.min(imagesOfOneDraw, most) }
}

/** What was not asked for to the image is cut to what there is. */
function within(precision: Precision, images: number): Precision {
  if (precision.kind === 'fixed') return precision
  if (precision.kind === 'interval') return { ...precision, images: Math.min(precision.images, images) }
  return { ...precision, pilot: { ...precision.pilot, ...pilotImages(precision.pilot, images) } }
}

/** Of the models that something is left to measure of, the one that takes most counts: a worker lets go of one before it opens the next. */
async function memoryFor(
  pending: readonly PlannedJob[],
  loaded: readonly BenchModel[],
  chunk: number,
  threads: number,
): Promise<number> {
  const asked = new Map(pending.map(({ unit, job }) => [unit.model, job.asked]))
  const each = loaded.flatMap((model) => {
    const its = asked.get(model.onnx.sha256)
    return its ? [mostMemory(model, { chunk, threads, asked: its })] : []
  })
  return Math.max(0, ...(await Promise.all(each)))
}

interface Others {
  /** The models of the call, and those of the plan beside them that can be read. */
  readonly loaded: readonly BenchModel[]
  /** Why others cannot, by the SHA-256 of their files. */
  readonly unreadable: ReadonlyMap<string, InputError>
}

/** Loads what the folder holds beside the models of the call. @throws InputError where a model is gone that the folder does not know */
async function othersOf(plan: Plan, models: readonly BenchModel[], options: MeasureOptions): Promise<Others> {
  const loaded = [...models]
  const unreadable = new Map<string, InputError>()
  for (const planned of plan.models) {
    if (models.some(({ name }) => name === planned.name)) continue
    const kept = await readKeptModel(options.out, planned.sha256)
    try {
      loaded.push(await loadPlanned(kept ?? planned, options.out, options))
    } catch (error) {
      if (!kept || !(error instanceof InputError)) throw error
      unreadable.set(planned.sha256, error)
    }
  }
  return { loaded, unreadable }
}
