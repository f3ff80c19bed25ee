import { isDeepStrictEqual } from 'node:util'
import { DatasetError, InputError } from '@loadbearing/core'
import { readTableIfThere } from '@loadbearing/dataset/folder'
import type { ImageOptions } from '@loadbearing/zoo'
import { decide, decidedPairs, type DecidedPair, isDecided } from './decide.ts'
import { withFolderLock } from './folder-lock.ts'
import { jobsOf, type PlannedJob } from './jobs.ts'
import { measuredBy } from './measured.ts'
import { keepModel } from './measured-model.ts'
import { narrowingRounds } from './narrowing.ts'
import { type Plan, readPlan, writePlan } from './plan.ts'
import { jobsOfShard, nameOf, readShard, type Shard } from './shards.ts'
import { isFinished, readUnit, removeBegun, writeUnit } from './units.ts'
import { writeTruth } from './write-truth.ts'

export interface MergeOptions extends ImageOptions {
  /** Folders of all shards of one measurement, in any order. */
  readonly shards: readonly string[]
  /** The dataset folder to write; one that holds the same measurement, its pilot for instance, takes up the rest. */
  readonly out: string
}

/** What became of a merge: a dataset, or what a pilot decided, which is to be measured before the next merge. */
export type Merged = { readonly kind: 'dataset' } | { readonly kind: 'decided'; readonly pairs: readonly DecidedPair[] }

interface ShardFolder {
  readonly folder: string
  readonly shard: Shard
  readonly plan: Plan
}

/**
 * Joins the shards of a measurement into the folder, and to the bytes, that one machine would have made. Where they hold a pilot, decides
 * what follows it: the folder then goes to every machine, whose next shard is a part of that.
 *
 * @throws InputError naming a shard that is missing, doubled, of another measurement or not finished; DatasetError when a folder is no
 *   shard or a unit is damaged
 */
export async function merge({ shards: folders, out, ...options }: MergeOptions): Promise<Merged> {
  const shards: ShardFolder[] = []
  for (const folder of folders) shards.push(await readFolder(folder))
  const { plan, count } = checked(shards)
  return withFolderLock(out, async () => {
    const there = await readPlan(out)
    if (there && !isDeepStrictEqual(there, plan)) {
      throw new InputError(`${out} holds another measurement.`, { hint: 'Merge into another folder: --out.' })
    }
    const measured = await measuredBy(plan, [], [out, ...folders], options)
    const planned = jobsOf(plan, measured, { out })
    for (const { folder, shard } of shards) await takeUp(jobsOfShard(planned, shard), folder, shard, out)
    await checkPilot(planned, out, count)
    const jobs = [...planned]
    if (plan.precision.kind === 'interval') {
      for (const { folder, shard } of shards) {
        const own = jobsOfShard(planned, shard)
        for await (const round of narrowingRounds(own, out, plan.precision.width, measured)) {
          await takeUp(round, folder, shard, out)
          jobs.push(...round)
        }
      }
    }
    await removeBegun(out)
    for (const model of measured.models) await keepModel(out, model)
    await writePlan(out, plan)
    if (isDecided(plan)) {
      const runs = (await Promise.all(folders.map((folder) => readTableIfThere(folder, 'runs')))).flat()
      await writeTruth(plan, measured, jobs, out, (before) => (before.length > 0 ? before : runs))
      return { kind: 'dataset' }
    }
    const units = jobs.map(({ unit }) => unit)
    const decided = await decide(plan, measured, { folder: out, units, threads: 1 })
    await writePlan(out, decided)
    return { kind: 'decided', pairs: decidedPairs(decided) }
  })
}

async function readFolder(folder: string): Promise<ShardFolder> {
  const [plan, shard] = [await readPlan(folder), await readShard(folder)]
  if (plan && shard) return { folder, shard, plan }
  throw new DatasetError(`${folder} holds no shard.`, {
    hint: 'Name the folders of all shards, each measured with --shard i/n.',
  })
}

/** The plan and number of the shards, where they are all shards of one measurement, each of them once. */
function checked(shards: readonly ShardFolder[]): { readonly plan: Plan; readonly count: number } {
  const [first, ...others] = shards
  if (!first) throw new InputError('There are no shards to merge.', { hint: 'Name their folders.' })
  const { count } = first.shard
  for (const { folder, shard, plan } of others) {
    if (shard.count !== count || !isDeepStrictEqual(plan, first.plan)) {
      throw new InputError(`${folder} is a shard of another measurement than ${first.folder}.`, {
        hint: 'Give every machine the same models, perturbations and options, and the same number of shards.',
      })
    }
  }
  const byIndex = new Map<number, string>()
  for (const { folder, shard } of shards) {
    const twin = byIndex.get(shard.index)
    if (twin !== undefined) {
      throw new InputError(`${twin} and ${folder} both hold shard ${nameOf(shard)}.`, { hint: 'Name one of them.' })
    }
    byIndex.set(shard.index, folder)
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !byIndex.has(index))
  if (missing.length > 0) {
    const names = missing.map((index) => nameOf({ index, count })).join(', ')
    throw new InputError(`Shard ${names} is missing.`, { hint: 'Name the folders of all shards.' })
  }
  return { plan: first.plan, count }
}

async function takeUp(jobs: readonly PlannedJob[], folder: string, shard: Shard, out: string): Promise<void> {
  for (const { unit } of jobs) {
    if (await isFinished(out, unit)) continue
    if (!(await isFinished(folder, unit))) {
      throw new InputError(`Shard ${nameOf(shard)} in ${folder} is not finished.`, {
        hint: 'Give its measure command again: it goes on where it stopped.',
      })
    }
    await writeUnit(out, unit, await readUnit(folder, unit))
  }
}

/** A second stage whose pilot was split into another number of shards may bring a piece that none of these folders holds. */
async function checkPilot(jobs: readonly PlannedJob[], out: string, count: number): Promise<void> {
  for (const { unit } of jobs) {
    if (await isFinished(out, unit)) continue
    throw new InputError(`The ${count} shards do not hold all of the pilot.`, {
      hint: 'Merge into the folder that the pilot was merged into: --out.',
    })
  }
}
