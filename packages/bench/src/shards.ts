import { readFile } from 'node:fs/promises'
import { DatasetError, InputError } from '@loadbearing/core'
import { writeWhole } from '@loadbearing/dataset/folder'
import { z } from 'zod'
import type { PlannedJob } from './jobs.ts'
import { isWithoutCells } from './known-images.ts'
import { workPath } from './plan.ts'

const shard = z.object({
  /** From 1. */
  index: z.int().positive(),
  count: z.int().positive(),
})

/** One of several parts of a measurement that are measured on different machines. */
export type Shard = z.infer<typeof shard>

/**
 * The jobs of one shard: a run of the list, which is in an order in which neighbours share work, that costs about as much as each of the
 * others. Every job is in exactly one shard, but for what is known of the images, which all of them need. A pilot and what it decided are
 * split each by themselves: between them shards are merged.
 */
export function jobsOfShard(jobs: readonly PlannedJob[], { index, count }: Shard): PlannedJob[] {
  const shared = jobs.filter(({ unit }) => isWithoutCells(unit))
  const parts = [false, true].flatMap((decided) => {
    const stage = jobs.filter((job) => job.decided === decided && !isWithoutCells(job.unit))
    const whole = stage.reduce((sum, { work }) => sum + work, 0)
    let before = 0
    return stage.filter(({ work }) => {
      // The middle of the job decides.
      const its = Math.min(count, 1 + Math.floor((count * (before + work / 2)) / whole))
      before += work
      return its === index
    })
  })
  return [...shared, ...parts]
}

const path = (folder: string): string => workPath(folder, 'shard.json')

/** Which shard a folder holds; undefined where it holds a whole measurement. @throws DatasetError where the file is damaged */
export async function readShard(folder: string): Promise<Shard | undefined> {
  const text = await readFile(path(folder), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return shard.parse(JSON.parse(text))
  } catch (cause) {
    throw new DatasetError(`${path(folder)} is damaged.`, {
      hint: 'Measure the shard into another folder: --out.',
      cause,
    })
  }
}

/** Marks a folder as a shard's. @throws InputError where it holds another shard */
export async function claimShard(folder: string, its: Shard): Promise<void> {
  const there = await readShard(folder)
  if (there && (there.index !== its.index || there.count !== its.count)) {
    throw new InputError(`${folder} holds shard ${nameOf(there)}, not ${nameOf(its)}.`, {
      hint: 'Measure every shard into a folder of its own: --out.',
    })
  }
  if (!there) await writeWhole(path(folder), new TextEncoder().encode(`${JSON.stringify(its)}\n`))
}

export function nameOf({ index, count }: Shard): string {
  return `${index}/${count}`
}
