import { type Layer, predictedClasses, type Tensor } from '@loadbearing/core'
import { openSuffixes } from '@loadbearing/onnx'
import { isTie } from '../src/engine-comparison.ts'
import { type BenchModel, type PerturbedModel, preprocess } from '../src/index.ts'
import { stratifiedOrder } from '../src/seeds.ts'
import type { PyTorch, Way } from './pytorch.ts'
import { type Contender, race, type Spent, sum, timed } from './race.ts'
import { openWholeGraph, runFile, type WholeGraph } from './whole-graph.ts'

/** The ways of running the images of a cell. */
export type Name = 'suffix' | 'whole' | 'file' | Way

/** One cell, with the weight that all contenders are given. */
export interface RacedCell extends Omit<PerturbedModel, 'weightSha256'> {
  readonly layer: Layer
}

/** What a race over some cells, on the same images, came to. */
export interface Raced {
  readonly cells: number
  readonly images: number
  /** Batch sizes that suited best, of those that were tried. */
  readonly batches: Partial<Record<Name, number>>
  /** By contender. The suffix engine's has what stands in front of all layers in it, run once. */
  readonly spent: Partial<Record<Name, Spent>>
  /** Outcomes of which the contender says other than the suffix engine, ties left out. */
  readonly differing: Partial<Record<Name, number>>
  /** Outcomes on which they differ where the two largest logits are too close to tell, named. */
  readonly ties: readonly string[]
}

/** All contenders, ready to run cells of one network: sessions open, batch sizes chosen, PyTorch compiled. */
export interface Field {
  readonly model: BenchModel
  readonly names: readonly Name[]
  /**
   * One race on one chunk of the images, in the order of the protocol.
   *
   * @param chunk index of the chunk
   * @param names who takes part; all by default
   */
  readonly race: (cells: readonly RacedCell[], chunk: number, names?: readonly Name[]) => Promise<Raced>
  readonly release: () => Promise<void>
}

/** @param images of a chunk */
export async function openField(model: BenchModel, pytorch: PyTorch | undefined, images: number): Promise<Field> {
  const test = await model.images('test')
  const order = stratifiedOrder(test.labels, model.data)
  const indicesOf = (chunk: number): number[] => order.slice(chunk * images, (chunk + 1) * images)
  const inputsOf = (chunk: number): Promise<Tensor> => preprocess(test, indicesOf(chunk), model.preprocessing)

  const engine = await openSuffixes(model.onnx)
  const wholes = new Map<Layer, WholeGraph>()
  for (const layer of model.onnx.layers) wholes.set(layer, await openWholeGraph(model, layer))
  let inputs = await inputsOf(0)
  await engine.advance(inputs)

  const whole = (batch: number): Contender<RacedCell, Float32Array> => ({
    name: String(batch),
    run: ({ layer, weight }) => timed(() => wholes.get(layer)!.run(inputs, weight, batch)),
  })
  const file = (batch: number): Contender<RacedCell, Float32Array> => ({
    name: String(batch),
    run: ({ bytes }) => timed(() => runFile(model, bytes, inputs, batch)),
  })
  const torch = (way: Way): Contender<RacedCell, Float32Array> => ({
    name: way,
    run: ({ layer, weight }) => pytorch!.run(way, layer, weight),
  })
  const own = unperturbed(model)
  const sizes = divisors(images).filter((size) => size >= 8)
  const batches: Partial<Record<Name, number>> = {
    whole: await bestBatch(own, sizes.map(whole)),
    file: await bestBatch(own, sizes.map(file)),
  }
  Object.assign(batches, await pytorch?.load(model, inputs, sizes))

  const contenders: readonly Contender<RacedCell, Float32Array>[] = [
    {
      name: 'suffix',
      async run({ layer, weight }) {
        const { made, spent } = await timed(() => engine.run(layer, weight))
        return { made: made.data, spent }
      },
    },
    { ...whole(batches.whole!), name: 'whole' },
    { ...file(batches.file!), name: 'file' },
    ...(pytorch ? [torch('eager'), torch('strong')] : []),
  ]
  const names = contenders.map(({ name }) => name as Name)
  return {
    model,
    names,
    async race(cells, chunk, those = names) {
      const indices = indicesOf(chunk)
      const labels = indices.map((index) => test.labels[index]!)
      inputs = await inputsOf(chunk)
      const front = those.includes('suffix') ? await timed(() => engine.advance(inputs)) : undefined
      if (those.some((name) => name === 'eager' || name === 'strong')) await pytorch!.take(inputs)
      const taking = contenders.filter(({ name }) => those.includes(name as Name))
      const differing: Partial<Record<Name, number>> = {}
      const ties: string[] = []
      const spent = Object.fromEntries(
        await race(cells, taking, ({ layer }, { suffix, ...others }) => {
          if (!suffix) return
          for (const [name, made] of Object.entries(others)) {
            const found = compare(suffix, made, labels)
            differing[name as Name] = (differing[name as Name] ?? 0) + found.differing
            ties.push(...found.ties.map((image) => `${layer.name}, image ${indices[image]!}, ${name}`))
          }
        }),
      ) as Partial<Record<Name, Spent>>
      if (front) spent.suffix = sum(spent.suffix!, front.spent)
      return { cells: cells.length, images, batches, spent, differing, ties }
    },
    async release() {
      await engine.release()
      for (const session of wholes.values()) await session.release()
    },
  }
}

/** Every layer with its own weight. */
export function unperturbed({ bytes, onnx }: BenchModel): RacedCell[] {
  return onnx.layers.map((layer) => ({ layer, bytes, weight: onnx.weight(layer) }))
}

/** The batch size that suits best, tried on every layer once, after a run that allocates. */
async function bestBatch(
  cells: readonly RacedCell[],
  contenders: readonly Contender<RacedCell, Float32Array>[],
): Promise<number> {
  for (const { run } of contenders) await run(cells[0]!)
  const spent = await race(cells, contenders)
  const [best] = [...spent].sort(([, a], [, b]) => a.cpu - b.cpu)
  return Number(best![0])
}

/** Batches without a rest, which compiled code would be compiled for once more. */
function divisors(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1).filter((size) => count % size === 0)
}

/** Outcomes on which two runs of a cell differ: how many beyond doubt, and which images are ties. */
function compare(ours: Float32Array, theirs: Float32Array, labels: readonly number[]) {
  const logits = (data: Float32Array): Tensor => ({ shape: [labels.length, data.length / labels.length], data })
  const [a, b] = [logits(ours), logits(theirs)]
  const [mine, others] = [predictedClasses(a), predictedClasses(b)]
  const images = [...labels.keys()].filter((i) => (mine[i] === labels[i]) !== (others[i] === labels[i]))
  const ties = images.filter((image) => isTie(a, image) || isTie(b, image))
  return { differing: images.length - ties.length, ties }
}
