/** One way of taking gradients in TensorFlow.js, in a process of its own: answers the questions of work.ts, line by line. */
import { createInterface } from 'node:readline'
import util from 'node:util'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import type { Tensor, TensorsByLayer } from '@loadbearing/core'
import { type OnnxModel, readModel } from '@loadbearing/onnx'
// nx-ignore-next-line
import { timed } from '../../bench/bench/race.ts'
import { type Engine, type Labelled, openDifferentiable, openEngine } from '../src/index.ts'
import { handWritten } from './hand-written.ts'
import { encoded, floatsFrom, type Gradients, type Loaded, type Question, type Ran } from './work.ts'

/** A way, ready to run. */
interface Ready {
  readonly engine: string
  /** Forward and backward, to the numbers of every gradient. */
  readonly run: () => Promise<unknown>
  readonly gradients: () => Promise<TensorsByLayer>
}

type Own = Engine['name']
const [whose, engine] = process.argv.slice(2) as ['ours' | 'hand', Own | 'stock-node' | 'stock-wasm']

async function ours(model: OnnxModel, batch: Labelled): Promise<Ready> {
  const network = await openDifferentiable(model, { only: engine as Own })
  const gradients = (): Promise<TensorsByLayer> => network.gradients(batch, 'loss')
  return { engine: network.engine.version, run: gradients, gradients }
}

/** TensorFlow.js without anything of ours. @returns its version */
async function openStock(): Promise<string> {
  if (engine === 'stock-node') {
    process.env.TF_NUM_INTRAOP_THREADS = '1'
    // What tfjs-node uses of Node, and newer ones lack.
    Object.assign(util, {
      isArray: Array.isArray,
      isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    })
    await import('@tensorflow/tfjs-node')
  }
  const backend = { 'stock-node': 'tensorflow', 'stock-wasm': 'wasm' }[engine as string]!
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} does not load`)
  return tf.version_core
}

async function byHand(model: OnnxModel, batch: Labelled): Promise<Ready> {
  const version = await (engine.startsWith('stock')
    ? openStock()
    : openEngine({ only: engine as Own }).then((its) => its.version))
  const constants = [...model.program().constants].flatMap(([name, { shape, data }]) =>
    data instanceof Float32Array ? [[name, { shape, data }] as const] : [],
  )
  const stored = new Map<string, Tensor>(constants)
  const layers = model.layers.map(({ name }) => name)
  const network = handWritten(stored, layers, batch)
  const read = async (change: (gradient: tf.Tensor) => tf.Tensor): Promise<TensorsByLayer> => {
    const made = tf.tidy(() => [...network.gradients()].map(([name, its]) => [name, change(its)] as const))
    const all = await Promise.all(
      made.map(async ([name, its]) => [name, { shape: its.shape, data: Float32Array.from(await its.data()) }] as const),
    )
    tf.dispose(made.map(([, its]) => its))
    return new Map(all)
  }
  return { engine: version, run: () => read((gradient) => gradient), gradients: () => read(network.asInFile) }
}

let ready: Ready | undefined

async function answer(question: Question): Promise<Loaded | Ran | Gradients> {
  switch (question.do) {
    case 'load': {
      const model = await readModel(Buffer.from(question.model, 'base64'), { name: 'the network' })
      const examples = { shape: question.shape, data: floatsFrom(question.examples) }
      const batch = { examples, labels: Int32Array.from(question.labels) }
      try {
        ready = await (whose === 'ours' ? ours : byHand)(model, batch)
        await ready.run()
        return { engine: ready.engine }
      } catch (error) {
        return { missing: error instanceof Error ? error.message.split('\n', 1)[0]! : String(error) }
      }
    }
    case 'run':
      return { spent: (await timed(ready!.run)).spent }
    case 'gradients':
      return Object.fromEntries([...(await ready!.gradients())].map(([name, { data }]) => [name, encoded(data)]))
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`)
}
