import { readFile } from 'node:fs/promises'
import { DatasetError, type Layer } from '@loadbearing/core'
import { writeWhole } from '@loadbearing/dataset/folder'
import type { BenchModel } from './model.ts'
import type { ModelSource } from './model-source.ts'
import { workPath } from './plan.ts'

/** What the tables say of a model, and its finished units are found by: all that it takes where nothing of it is left to measure. */
export interface MeasuredModel {
  readonly source: ModelSource
  readonly name: string
  readonly title: string
  readonly family: string
  readonly licence: string | null
  readonly data: string
  /** Of its file. */
  readonly sha256: string
  readonly opset: number
  readonly classes: number
  /** In order of execution. */
  readonly layers: readonly Layer[]
  /** Images of the whole test set. */
  readonly testImages: number
}

export async function measuredModel(model: BenchModel): Promise<MeasuredModel> {
  const { source, name, title, family, licence, data, onnx, images } = model
  const { sha256, opset, layers, output } = onnx
  const { count } = await images('test')
  return {
    source,
    name,
    title,
    family,
    licence,
    data,
    sha256,
    opset,
    classes: output.classes,
    layers,
    testImages: count,
  }
}

/** Keeps it in a dataset folder: the model's file may be moved or deleted when it is measured. */
export async function keepModel(folder: string, model: MeasuredModel): Promise<void> {
  await writeWhole(pathOf(folder, model.sha256), new TextEncoder().encode(`${JSON.stringify(model)}\n`))
}

/** What a folder keeps of a model; undefined where it keeps nothing. @throws DatasetError when it is damaged */
export async function readKeptModel(folder: string, sha256: string): Promise<MeasuredModel | undefined> {
  const path = pathOf(folder, sha256)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as MeasuredModel
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new DatasetError(`${path} is damaged.`, {
      hint: 'Delete the file and give the same command again: it reads the model anew.',
      cause,
    })
  }
}

function pathOf(folder: string, sha256: string): string {
  return workPath(folder, 'models', `${sha256.slice(0, 12)}.json`)
}
