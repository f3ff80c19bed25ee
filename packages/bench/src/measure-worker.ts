import { Console } from 'node:console'
import { parentPort, workerData } from 'node:worker_threads'
import { LoadbearingError } from '@loadbearing/core'
import type { LabelledExamples } from '@loadbearing/images'
import { openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { refuseInfinite } from './finite-scores.ts'
import { type BenchModel, loadModel, preprocess } from './model.ts'
import type { ModelSource } from './model-source.ts'
import { type Chunk, measureUnit } from './measure-unit.ts'
import { findPerturbation } from './plugins.ts'
import type { PluginPlace } from './registry.ts'
import { stratifiedOrder } from './seeds.ts'
import type { Surroundings } from './draws.ts'
import { signsOfLife } from './signs-of-life.ts'
import { type Asked, surroundingsOf } from './surroundings.ts'
import { type Unit, writeUnit } from './units.ts'

/** A unit as it crosses into a worker: names instead of functions. */
export interface Job {
  readonly id: number
  readonly folder: string
  readonly source: ModelSource
  /** The folder that CIFAR-10 is read from, where the user named one. */
  readonly cifar10: string | undefined
  readonly perturbation: PluginPlace
  readonly layer: string
  /** What perturbations of the model ask for beside the weights; the same in all of its jobs. */
  readonly asked: Asked
  readonly unit: Omit<Unit, 'layer' | 'perturbation'>
}

/** What a worker answers. */
export type Answer =
  | { readonly id: number; readonly failure?: never }
  | {
      readonly id: number
      readonly failure: { readonly code: string; readonly message: string; readonly hint: string | undefined }
    }

interface Loaded {
  readonly key: string
  readonly model: BenchModel
  readonly surroundings: Surroundings
  readonly engine: SuffixEngine
  readonly images: LabelledExamples
  readonly order: readonly number[]
}

let loaded: Loaded | undefined
let chunk: (Chunk & { readonly key: string }) | undefined

const stopping = new AbortController()

const signs = signsOfLife(workerData as SharedArrayBuffer)

/** The engine, with a sign of life where a run goes over from the perturbation to onnxruntime and back. */
function watched(engine: SuffixEngine): SuffixEngine {
  const inside = async <T>(run: () => Promise<T>): Promise<T> => {
    signs.give('engine')
    try {
      return await run()
    } finally {
      signs.give('perturbation')
    }
  }
  return {
    ...engine,
    run: (layer, weight) => inside(() => engine.run(layer, weight)),
    runOutput: (layer, change) =>
      inside(() =>
        engine.runOutput(layer, (output, start) => {
          signs.give('perturbation')
          const changed = change(output, start)
          signs.give('engine')
          return changed
        }),
      ),
  }
}

/** Jobs come sorted by model and chunk: the engine and its frontiers serve all that follow each other. */
async function work(job: Job): Promise<void> {
  const key = JSON.stringify([job.source, job.asked])
  if (loaded?.key !== key) {
    await loaded?.engine.release()
    // What was loaded before makes room.
    loaded = undefined
    chunk = undefined
    const model = await loadModel(job.source, { cifar10: job.cifar10 })
    const images = await model.images('test')
    const order = stratifiedOrder(images.labels, model.data)
    const surroundings = await surroundingsOf(model, job.asked)
    const engine = await openSuffixes(model.onnx, job.asked.activations ? { outputs: model.onnx.layers } : {})
    loaded = { key, model, surroundings, images, order, engine: watched(engine) }
  }
  const { model, surroundings, engine, images, order } = loaded
  const { chunk: index, chunkSize, images: total } = job.unit
  const chunkKey = `${index}/${chunkSize}/${total}`
  if (chunk?.key !== chunkKey) {
    const indices = order.slice(index * chunkSize, Math.min(total, (index + 1) * chunkSize))
    signs.give('opening')
    const clean = await engine.advance(await preprocess(images, indices, model.preprocessing))
    refuseInfinite(clean, model.name)
    chunk = { key: chunkKey, clean, labels: indices.map((i) => images.labels[i]!) }
  }
  const layer = model.onnx.layers.find(({ name }) => name === job.layer)!
  signs.give('perturbation')
  const perturbation = await findPerturbation(job.perturbation.name, job.perturbation.module)
  const unit: Unit = { ...job.unit, layer, perturbation }
  const result = await measureUnit(model, surroundings, engine, chunk, unit, stopping.signal)
  signs.give('writing')
  await writeUnit(job.folder, unit, result)
}

async function answerTo(job: Job): Promise<Answer> {
  try {
    await work(job)
    return { id: job.id }
  } catch (error) {
    const code = error instanceof LoadbearingError ? error.code : 'engine'
    const message = error instanceof Error ? error.message : String(error)
    const hint = error instanceof LoadbearingError ? error.hint : undefined
    return { id: job.id, failure: { code, message, hint } }
  }
}

// A thread's stdout is that of the process, which may be printing a result there.
globalThis.console = new Console(process.stderr)

let answered = Promise.resolve()

// A thread that is torn down while onnxruntime works takes the whole process with it: it ends by itself, between two runs.
parentPort?.on('message', (message: Job | 'stop') => {
  if (message === 'stop') {
    stopping.abort()
    void answered.then(() => parentPort!.close())
  } else {
    answered = answerTo(message).then((answer) => parentPort!.postMessage(answer))
  }
})
