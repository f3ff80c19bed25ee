import { createHash } from 'node:crypto'
import { access, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { DatasetError, type Layer, type Perturbation } from '@loadbearing/core'
import { writeWhole } from '@loadbearing/dataset/folder'
import type { KnownImages } from '@loadbearing/ranking'
import type { Grid } from './cells.ts'
import type { ChunkOutcome } from './outcome.ts'
import { protocol } from './seeds.ts'
import { workPath } from './plan.ts'

/**
 * The smallest piece of work that is kept: one layer, one perturbation on some points of its grid, one chunk of images. Without a point, it
 * is measured for what the unperturbed network tells of the images, whatever the layer and the perturbation.
 */
export interface Unit {
  /** SHA-256 of the model's file. */
  readonly model: string
  readonly layer: Layer
  readonly perturbation: Perturbation
  readonly grid: Grid
  /** Index of the chunk; it holds the images [chunk · size, …) of the stratified order. */
  readonly chunk: number
  readonly chunkSize: number
  /** Images that these points are measured on in all: the last chunk may be shorter. */
  readonly images: number
}

/** What a unit found. */
export interface UnitResult {
  /** 1 where an image is classified correctly without a perturbation. */
  readonly cleanCorrect: Uint8Array
  /** Summed cross-entropy without a perturbation. */
  readonly cleanLoss: number
  /** Wall-clock seconds that its cells took. */
  readonly seconds: number
  /** In the order of the grid's points. */
  readonly cells: readonly (MeasuredCell | FailedCell)[]
  /** Of a unit without a point. */
  readonly known?: KnownImages
}

export type MeasuredCell = ChunkOutcome & {
  /** First 16 hex digits of the SHA-256 of the perturbed weight's float32 bytes, little-endian; null where activations were perturbed. */
  readonly weightSha256: string | null
  readonly reason?: never
}

export interface FailedCell {
  readonly reason: string
}

/** Images of a unit's chunk. */
export function imagesOf({ chunk, chunkSize, images }: Pick<Unit, 'chunk' | 'chunkSize' | 'images'>): number {
  return Math.min(chunkSize, images - chunk * chunkSize)
}

/** Where a unit's result is kept; the name holds everything that the result depends on. */
export function unitPath(folder: string, unit: Unit): string {
  const identity = JSON.stringify([
    protocol,
    unit.model,
    unit.layer.name,
    unit.perturbation.name,
    unit.perturbation.version,
    unit.grid.points.map(([level, repeat]) => [unit.grid.intensities[level], repeat]),
    unit.chunk,
    unit.chunkSize,
    imagesOf(unit),
  ])
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 20)
  return workPath(folder, 'units', unit.model.slice(0, 12), unit.perturbation.name, `${digest}.unit`)
}

export async function isFinished(folder: string, unit: Unit): Promise<boolean> {
  return access(unitPath(folder, unit)).then(
    () => true,
    () => false,
  )
}

/** Keeps a result, whole or not at all. @throws DatasetError when the disk is full */
export async function writeUnit(folder: string, unit: Unit, result: UnitResult): Promise<void> {
  await writeWhole(unitPath(folder, unit), serialize(result))
}

/** @throws DatasetError when the file is missing or damaged */
export async function readUnit(folder: string, unit: Unit): Promise<UnitResult> {
  const path = unitPath(folder, unit)
  try {
    return deserialize(await readFile(path)) as UnitResult
  } catch (cause) {
    throw new DatasetError(`${path} is missing or damaged.`, {
      hint: 'Delete the file and give the same command again: it measures that piece anew.',
      cause,
    })
  }
}

/** Removes what processes that were killed had begun to write. Whoever calls it holds the folder's lock: nobody else writes. */
export async function removeBegun(folder: string): Promise<void> {
  const root = workPath(folder)
  const names = await readdir(root, { recursive: true })
  await Promise.all(names.filter((name) => name.endsWith('.tmp')).map((name) => rm(join(root, name))))
}
