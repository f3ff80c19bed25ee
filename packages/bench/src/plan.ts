import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DatasetError, InputError } from '@loadbearing/core'
import { writeWhole } from '@loadbearing/dataset/folder'
import { z } from 'zod'
import { modelSource, type ModelSource } from './model-source.ts'
import { protocol } from './seeds.ts'

const size = {
  /** Test images of a cell: a prefix of the stratified order. */
  images: z.int().positive(),
  /** Draws of a stochastic perturbation at a level. */
  repeats: z.int().positive(),
}

/** How much is measured: the same of everything, what a noise ceiling takes, or what the interval of every cell takes. */
const precision = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fixed'), ...size }),
  z.object({
    kind: z.literal('ceiling'),
    ceiling: z.number().gt(0).lt(1),
    /** What is measured of everything first; where draws do not differ, one of them on more images. */
    pilot: z.object({ ...size, imagesOfOneDraw: z.int().positive() }),
    /** The most that may follow, the pilot included. */
    most: z.object(size),
  }),
  /** As many images of every single cell as make its interval narrow, at most those given. */
  z.object({ kind: z.literal('interval'), width: z.number().gt(0).lt(1), ...size }),
])

/** What the pilot of a pair decided: its live levels, and how much of them is measured, the pilot included. */
const decision = z.object({
  live: z.array(z.int().nonnegative()),
  ...size,
  /** The noise ceiling that the pilot lets one expect; null where it cannot tell. */
  expected: z.number().nullable(),
  /** Why it is not the one that was asked for. */
  reason: z.string().nullable(),
})

const plan = z.object({
  protocol: z.literal(protocol),
  precision,
  /** Images a worker takes up at once; the bytes of the result depend on it, so it is fixed with the folder. */
  chunk: z.int().positive(),
  /** Order gives model_id. */
  models: z.array(
    z.object({
      source: modelSource,
      name: z.string(),
      sha256: z.string(),
      /** What tells its images from others. */
      data: z.string(),
    }),
  ),
  /** Order gives perturbation_id; `module` says where a perturbation of someone else's comes from. */
  perturbations: z.array(
    z.object({ name: z.string(), version: z.int(), intensities: z.array(z.number()), module: z.string().optional() }),
  ),
  /** What is measured, by the names of model and perturbation. */
  pairs: z.array(z.object({ model: z.string(), perturbation: z.string(), decision: decision.optional() })),
})

/** What a dataset folder holds measurements of. Kept in the folder, so that a measurement goes on and grows. */
export type Plan = z.infer<typeof plan>
export type Precision = Plan['precision']
export type Decision = z.infer<typeof decision>

/** What the network sees; the path of its file may change. */
function inputsOf({ source }: Plan['models'][number]): Omit<ModelSource, 'reference'> {
  const { reference: _, ...inputs } = source
  return inputs
}

const workFolder = '.measure'

/** Where a dataset folder keeps what is being measured. */
export function workPath(folder: string, ...parts: string[]): string {
  return join(folder, workFolder, ...parts)
}

/** The folder's plan, or undefined where nothing was measured yet. @throws DatasetError when it is damaged */
export async function readPlan(folder: string): Promise<Plan | undefined> {
  const path = workPath(folder, 'plan.json')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return plan.parse(JSON.parse(text))
  } catch (cause) {
    throw new DatasetError(`${path} is damaged or of another version.`, {
      hint: 'Measure into another folder: --out.',
      cause,
    })
  }
}

export async function writePlan(folder: string, next: Plan): Promise<void> {
  await writeWhole(workPath(folder, 'plan.json'), new TextEncoder().encode(`${JSON.stringify(next, null, 2)}\n`))
}

/**
 * The folder's plan with more in it; models and perturbations that are there keep their place.
 *
 * @throws InputError when the folder was measured on other images or repeats, with another file or preprocessing under a model's name,
 *   or another version or grid of a perturbation: rows of one table must mean the same; when two models are the same file
 */
export function extendPlan(old: Plan | undefined, more: Omit<Plan, 'protocol'>): Plan {
  if (!old) return withoutCopies({ protocol, ...more })
  const refuse = (what: string): never => {
    throw new InputError(`The dataset folder was measured ${what}.`, { hint: 'Measure into another folder: --out.' })
  }
  if (!isDeepStrictEqual(old.precision, more.precision)) {
    refuse(`${described(old.precision)}, not ${described(more.precision)}`)
  }
  for (const model of more.models) {
    const before = old.models.find(({ name }) => name === model.name)
    if (before && before.sha256 !== model.sha256) refuse(`with another file called '${model.name}'`)
    if (before && (before.data !== model.data || !isDeepStrictEqual(inputsOf(before), inputsOf(model)))) {
      refuse(`on other images of ${model.name}, or with other preprocessing`)
    }
  }
  for (const perturbation of more.perturbations) {
    const before = old.perturbations.find(({ name }) => name === perturbation.name)
    if (before && before.version !== perturbation.version) refuse(`with version ${before.version} of ${before.name}`)
    if (before && before.intensities.join() !== perturbation.intensities.join()) {
      refuse(`at the intensities ${before.intensities.join(', ')} of ${before.name}`)
    }
  }
  const added = <T>(before: readonly T[], extra: readonly T[], key: (item: T) => string): T[] => {
    const known = new Set(before.map(key))
    return [...before, ...extra.filter((item) => !known.has(key(item)))]
  }
  return withoutCopies({
    ...old,
    models: added(old.models, more.models, ({ name }) => name),
    perturbations: added(old.perturbations, more.perturbations, ({ name }) => name),
    pairs: added(old.pairs, more.pairs, ({ model, perturbation }) => `${model}\n${perturbation}`),
  })
}

function described(asked: Precision): string {
  if (asked.kind === 'fixed') return `on ${asked.images} images with ${asked.repeats} repeats`
  if (asked.kind === 'interval')
    return `to ±${asked.width} on at most ${asked.images} images with ${asked.repeats} repeats`
  const { ceiling, most } = asked
  return `to a noise ceiling of ${ceiling} on at most ${most.images} images with ${most.repeats} repeats`
}

/** What is measured is kept under the hash of the file: a copy with another name, and perhaps other preprocessing, would share it. */
function withoutCopies(next: Plan): Plan {
  for (const [id, { name, sha256 }] of next.models.entries()) {
    const same = next.models.slice(0, id).find((model) => model.sha256 === sha256)
    if (same) {
      throw new InputError(`${name} is the same file as ${same.name}.`, {
        hint: 'Measure it into another folder: --out.',
      })
    }
  }
  return next
}
