/**
 * Races the suffix engine against runs of the whole graph, on the same cells and images, one thread each, in processor time.
 *
 *   npm run bench:suffix                  prints the table; exits with 1 where ResNet-8 is below the demanded ratio
 *   npm run bench:suffix -- --write       also writes it to docs/benchmarks.md
 *   npm run bench:suffix -- --rounds 3    fewer rounds (an odd number)
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layer, Tensor } from '@loadbearing/core'
import {
  type BenchModel,
  loadModel,
  machine,
  perturbations,
  type PerturbedModel,
  perturbModel,
  preprocess,
  zooSources,
} from '../src/index.ts'
import { openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { format, resolveConfig } from 'prettier'
import { type Contender, processorSeconds, race, spread } from './race.ts'
import { openWholeGraph, runFile, type WholeGraph } from './whole-graph.ts'

const page = join(import.meta.dirname, '../../../docs/benchmarks.md')
const images = 250
const perturbation = perturbations.find(({ plugin }) => plugin.name === 'gaussian-noise')!.plugin
const batches = [8, 16, 32, 64, 125, 250]
const demanded = { model: 'resnet8-fashion', ratio: 1.7 }

interface RacedCell extends PerturbedModel {
  readonly layer: Layer
  readonly whole: WholeGraph
}

interface Row {
  readonly model: string
  readonly cells: number
  /** Images a processor second: median, least and most over the rounds. */
  readonly suffix: Spread
  readonly whole: Spread
  readonly wholeBatch: number
  readonly naive: Spread
  readonly naiveBatch: number
  /** Suffix engine over whole graph, and over the naive way, round by round. */
  readonly ratio: Spread
  readonly naiveRatio: Spread
}

type Spread = ReturnType<typeof spread>

const { values: given } = parseArgs({
  options: { write: { type: 'boolean', default: false }, rounds: { type: 'string', default: '7' } },
})
const rounds = Number(given.rounds)
const rows: Row[] = []
for (const source of await zooSources()) rows.push(await raceOn(await loadModel(source)))

const table = tableOf(rows)
console.log(table)
if (given.write) writeFileSync(page, await format(pageOf(table), { ...(await resolveConfig(page)), filepath: page }))
const judged = rows.find(({ model }) => model === demanded.model)!
if (judged.ratio.median < demanded.ratio) {
  console.error(`${judged.model}: ${judged.ratio.median.toFixed(2)}×, but ${demanded.ratio}× is demanded.`)
  process.exitCode = 1
}

async function raceOn(model: BenchModel): Promise<Row> {
  const inputs = await preprocess(
    await model.images('test'),
    Array.from({ length: images }, (_, image) => image),
    model.preprocessing,
  )
  const engine = await openSuffixes(model.onnx)
  await engine.advance(inputs)
  const cells: RacedCell[] = []
  for (const layer of model.onnx.layers) {
    const whole = await openWholeGraph(model, layer)
    for (const intensity of perturbation.intensities) {
      cells.push({ layer, whole, ...perturbModel(model, { layer: layer.name, perturbation, intensity, repeat: 0 }) })
    }
  }
  await checkAgreement(engine, inputs, cells)
  const wholeBatch = await bestBatch(
    batches.map((batch) => wholeGraph(inputs, batch)),
    cells,
  )
  const naiveBatch = await bestBatch(
    batches.map((batch) => naive(model, inputs, batch)),
    cells,
  )

  const rates = { suffix: [] as number[], whole: [] as number[], naive: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const front = await processorSeconds(() => engine.advance(inputs))
    const seconds = await race(cells, [
      { name: 'suffix', run: ({ layer, weight }) => engine.run(layer, weight) },
      { ...wholeGraph(inputs, wholeBatch), name: 'whole' },
      { ...naive(model, inputs, naiveBatch), name: 'naive' },
    ])
    const rate = (spent: number): number => (images * cells.length) / spent
    rates.suffix.push(rate(front + seconds.get('suffix')!))
    rates.whole.push(rate(seconds.get('whole')!))
    rates.naive.push(rate(seconds.get('naive')!))
    console.error(`${model.name}: round ${round + 1} of ${rounds}`)
  }
  await engine.release()
  for (const whole of new Set(cells.map((cell) => cell.whole))) await whole.release()
  return {
    model: model.name,
    cells: cells.length,
    suffix: spread(rates.suffix),
    whole: spread(rates.whole),
    wholeBatch,
    naive: spread(rates.naive),
    naiveBatch,
    ratio: spread(rates.suffix.map((rate, round) => rate / rates.whole[round]!)),
    naiveRatio: spread(rates.suffix.map((rate, round) => rate / rates.naive[round]!)),
  }
}

function wholeGraph(inputs: Tensor, batch: number): Contender<RacedCell> {
  return { name: String(batch), run: ({ whole, weight }) => whole.run(inputs, weight, batch) }
}

function naive(model: BenchModel, inputs: Tensor, batch: number): Contender<RacedCell> {
  return { name: String(batch), run: ({ bytes }) => runFile(model, bytes, inputs, batch) }
}

/** The batch size that suits the whole graph best, tried on one cell a layer. */
async function bestBatch(contenders: readonly Contender<RacedCell>[], cells: readonly RacedCell[]): Promise<number> {
  const sample = cells.filter((_, index) => index % perturbation.intensities.length === 0)
  const seconds = await race(sample, contenders)
  const [best] = [...seconds].sort(([, a], [, b]) => a - b)
  return Number(best![0])
}

/** A race between different answers would be none. */
async function checkAgreement(engine: SuffixEngine, inputs: Tensor, cells: readonly RacedCell[]): Promise<void> {
  for (const { layer, weight, whole } of cells) {
    const [{ data }, others] = [await engine.run(layer, weight), await whole.run(inputs, weight, 32)]
    const largest = others.reduce((max, logit) => Math.max(max, Math.abs(logit)), 0)
    const difference = others.reduce((max, logit, i) => Math.max(max, Math.abs(logit - data[i]!)), 0)
    if (!(difference <= 1e-4 * largest)) throw new Error(`${layer.name}: the logits differ by ${difference}`)
  }
}

function tableOf(measured: readonly Row[]): string {
  const rate = ({ median, low, high }: Spread): string => `${thousands(median)} (${thousands(low)}–${thousands(high)})`
  const ratio = ({ median, low, high }: Spread): string =>
    `**${median.toFixed(2)}×** (${low.toFixed(2)}–${high.toFixed(2)})`
  const lines = measured.map((row) =>
    [
      row.model,
      row.cells,
      rate(row.suffix),
      `${rate(row.whole)}, batch ${row.wholeBatch}`,
      ratio(row.ratio),
      `${rate(row.naive)}, batch ${row.naiveBatch}`,
      ratio(row.naiveRatio),
    ].join(' | '),
  )
  return [
    '| model | cells | suffix engine | whole graph | ratio | a file and a session a cell | ratio |',
    '| --- | --: | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function pageOf(measured: string): string {
  const { processor, platform, node, engine } = machine()
  return `<!-- Generated by \`npm run bench:suffix -- --write\`. Do not edit. -->

# Benchmark of the suffix engine

Images a processor second, in one cell each: every layer of a network, ${perturbation.name} at its
${perturbation.intensities.length} levels, one draw, the first ${images} test images. The median of ${rounds} rounds, and the least and the most.

${measured}

- **Suffix engine**: what measures the ground truth. What lies in front of the layers is run once a round for all cells, and its
  time is counted. A sweep of more perturbations or repeats spreads it over more cells.
- **Whole graph**: onnxruntime runs the whole network once a cell. The layer's weight is an input here as well, so that
  one session, opened before the clock starts, serves all cells of a layer.
- **A file and a session a cell**: the perturbed file, written before the clock starts, is opened, run, and closed. The weight is
  constant, which onnxruntime's layout for convolutions wants; the price is a session a cell, which grows with the network and
  weighs more the fewer images there are.

All have one thread, all graph optimisations, and the same images; the whole graph runs at the best of the batch sizes ${batches.join(', ')}.
All agree on the logits, which is checked before the race. They take turns cell by cell, so that what else the machine does
falls on all alike. Demanded: ${demanded.ratio}× on ${demanded.model} against the whole graph.

Ran on ${processor} (${platform}), Node ${node}, ${engine}.
`
}
