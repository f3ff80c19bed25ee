/**
 * What a batch of gradients takes, forward and backward, in processor seconds on one thread: ours, written by hand in TensorFlow.js, and
 * in PyTorch. Each has a process of its own; they take turns on the same batch.
 *
 *   npm run bench:gradients                  prints the page; minutes
 *   npm run bench:gradients -- --write       also writes it to docs/gradients-benchmarks.md
 *   npm run bench:gradients -- --python FILE the Python that has PyTorch and onnx (default: python3); without, PyTorch is left out
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rngFrom } from '@loadbearing/core'
import { readModel } from '@loadbearing/onnx'
import { format, resolveConfig } from 'prettier'
// nx-ignore-next-line
import { race, type Spent } from '../../bench/bench/race.ts'
import { zooFiles } from '../test/zoo-files.ts'
import { type Name, names, open } from './contenders.ts'
import { type Field, pageOf } from './page.ts'
import { encoded, floatsFrom, type Gradients, type Work } from './work.ts'

const page = join(import.meta.dirname, '../../../docs/gradients-benchmarks.md')
const networks = ['resnet20-cifar10', 'resnet8-fashion']
const batch = 64
const rounds = 25

const { values: given } = parseArgs({
  options: { write: { type: 'boolean', default: false }, python: { type: 'string', default: 'python3' } },
})

const fields: Field[] = []
for (const name of networks) fields.push(await raceOn(name))
const text = await format(pageOf(fields, batch, rounds), { ...(await resolveConfig(page)), filepath: page })
console.log(text)
if (given.write) writeFileSync(page, text)

async function raceOn(model: string): Promise<Field> {
  const file = zooFiles.get(model)!
  const { layers, input } = await readModel(file, { name: model })
  const random = rngFrom(model)
  const shape = [batch, ...input.shape]
  const examples = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal())
  const labels = Array.from({ length: batch }, (_, i) => i % 10)
  const work: Work = { model: encoded(file), shape, examples: encoded(examples), labels }

  const opened = new Map(names.map((name) => [name, open(name, given.python)]))
  const engines: Partial<Record<Name, string>> = {}
  const missing: Partial<Record<Name, string>> = {}
  for (const [name, contender] of opened) {
    const loaded = await contender.load(work)
    if ('engine' in loaded) engines[name] = loaded.engine
    else missing[name] = loaded.missing
  }
  const ready = [...opened].filter(([name]) => name in engines)
  const contenders = ready.map(([name, { run }]) => ({
    name,
    run: async (_: number) => {
      const { spent } = await run()
      return { made: spent, spent }
    },
  }))
  const spent: Partial<Record<Name, Spent>>[] = []
  await race([...Array(rounds).keys()], contenders, (_, made) => spent.push(made))
  const made = new Map<Name, Gradients>()
  for (const [name, { gradients }] of ready) made.set(name, await gradients())
  for (const { close } of opened.values()) close()
  const macs = layers.reduce((total, layer) => total + layer.macs, 0)
  return { model, macs, engines, missing, rounds: spent, distance: furthest([...made.values()]) }
}

/** The largest relative distance of any layer's gradient from the first contender's. */
function furthest([first, ...others]: readonly Gradients[]): number {
  const distances = others.flatMap((other) =>
    Object.entries(first!).map(([layer, text]) => {
      const [a, b] = [floatsFrom(text), floatsFrom(other[layer]!)]
      const norm = (values: Float32Array): number => Math.hypot(...values)
      return norm(a.map((value, i) => value - b[i]!)) / norm(a)
    }),
  )
  return Math.max(0, ...distances)
}
