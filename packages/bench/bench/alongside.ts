import { rm } from 'node:fs/promises'
import { readTable } from '@loadbearing/dataset/folder'
import { measure, type MeasureOptions, type Precision } from '../src/index.ts'
import type { RegisteredPerturbation } from '../src/registry.ts'
import { type Field, type Name, unperturbed } from './contenders.ts'
import { once } from './once.ts'
import { type Spent, sum, timed } from './race.ts'

/** A measurement, and how fast a rival ran whole networks right before and right after it. */
export interface Step {
  /** Of the measurement, loading and writing included. */
  readonly spent: Spent
  /** Suffix runs of one image. */
  readonly forwards: number
  /** Images a processor second of the rival. */
  readonly pace: number
  /** The dataset folder. */
  readonly out: string
}

export interface AlongsideOptions extends Pick<MeasureOptions, 'cifar10'> {
  readonly field: Field
  /** Whose pace prices what is not run. */
  readonly rival: Name
  /** Where steps are kept. */
  readonly folder: string
}

/** Measures perturbations on one thread, between two short races of the rival on the same layers. @param name of the step */
export async function measureAlongside(
  name: string,
  perturbations: readonly RegisteredPerturbation[],
  precision: Precision,
  { field, rival, folder, cifar10 }: AlongsideOptions,
): Promise<Step> {
  const { model } = field
  const asked = perturbations.map(({ plugin: { name: its, version, intensities } }) => [its, version, intensities])
  const settings = [model.onnx.sha256, rival, asked, precision]
  return once(folder, `${precision.kind}-${name}`, settings, async (out) => {
    await rm(out, { recursive: true, force: true })
    const before = await paceOf(field, rival)
    const work = { models: [model.source], perturbations, precision, out, threads: 1, cifar10 }
    const { spent } = await timed(() => measure(work))
    const after = await paceOf(field, rival)
    const [run] = await readTable(out, 'runs')
    const pace = (before.images + after.images) / sum(before.spent, after.spent).cpu
    return { spent, forwards: run!.forwards, pace, out }
  })
}

async function paceOf({ model, race }: Field, rival: Name): Promise<{ images: number; spent: Spent }> {
  const cells = unperturbed(model)
  const { images, spent } = await race(cells, 0, [rival])
  return { images: cells.length * images, spent: spent[rival]! }
}
