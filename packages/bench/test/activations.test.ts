import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { predictedClasses } from '@loadbearing/core'
import { readOutcomes, readTable } from '@loadbearing/dataset/folder'
import { openNetwork } from '@loadbearing/onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModel, preprocess } from '../src/model.ts'
import { measure } from '../src/measure.ts'
import { outputSpreads } from '../src/output-spreads.ts'
import { loadPlugins } from '../src/plugins.ts'
import { stratifiedOrder } from '../src/seeds.ts'
import { small } from './small-measurement.ts'
import { temporaryFolder } from './temporary-folder.ts'

const plugins = await loadPlugins(join(import.meta.dirname, 'activation-perturbations.ts'))
const lenet = await loadModel({ reference: 'zoo:lenet-fashion' })

async function measured(out: string, chunk: number, threads: number) {
  await measure(small(out, { perturbations: plugins.perturbations, chunk, threads }))
  const names = (await readTable(out, 'perturbations')).map(({ name }) => name)
  const layers = (await readTable(out, 'layers')).map(({ name }) => name)
  const outcomes = await readOutcomes(out)
  const cells = (await readTable(out, 'sensitivity')).map((cell) => ({
    ...cell,
    perturbation: names[cell.perturbation_id]!,
    layer: layers[cell.layer_id]!,
    bits: outcomes.correct.subarray(cell.outcome_offset!, cell.outcome_offset! + cell.images),
  }))
  const of = (perturbation: string, layer?: string) =>
    cells.filter((cell) => cell.perturbation === perturbation && (layer === undefined || cell.layer === layer))
  return { cells, of }
}

describe('activations', () => {
  let truth: Awaited<ReturnType<typeof measured>>
  let logits: { readonly shape: readonly number[]; readonly data: Float32Array }
  let labels: number[]
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
    truth = await measured(folder, 25, 1)
    const images = await lenet.images('test')
    const order = stratifiedOrder(images.labels, lenet.data).slice(0, 60)
    labels = order.map((index) => images.labels[index]!)
    const network = await openNetwork(lenet.onnx, lenet.bytes)
    logits = await network.run(await preprocess(images, order, lenet.preprocessing))
    await network.release()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('that stay as they are lose nothing', () => {
    expect(truth.of('same')).toHaveLength(5)
    for (const { correct, clean_correct: clean, changed, bounded_kl: kl } of truth.of('same')) {
      expect([correct, changed]).toEqual([clean, 0])
      expect(kl).toBeLessThan(1e-6)
    }
  })

  it('of the last layer are the logits: negated, the least likely class wins', () => {
    const negated = predictedClasses({ shape: logits.shape, data: logits.data.map((logit) => -logit) })
    const [cell] = truth.of('negated', lenet.onnx.layers.at(-1)!.name)
    expect([...cell!.bits]).toEqual(labels.map((label, i) => Number(negated[i] === label)))
    expect(cell!.weight_sha256).toBeNull()
  })

  it('are those before what follows the layer: doubling what a ReLU network makes, biases included, is felt behind it', () => {
    const first = lenet.onnx.layers[0]!.name
    const [cell] = truth.of('doubled', first)
    expect(cell!.bounded_kl).toBeGreaterThan(0.001)
    // Doubled logits order the classes as before.
    const [last] = truth.of('doubled', lenet.onnx.layers.at(-1)!.name)
    expect(last!.changed).toBe(0)
    expect(last!.bounded_kl).toBeGreaterThan(0.001)
  })

  it('have a stream an image: neither chunks nor threads nor batches matter', async () => {
    const other = await measured(temporaryFolder(), 40, 2)
    for (const [i, cell] of truth.cells.entries()) expect([...other.cells[i]!.bits]).toEqual([...cell.bits])
    const [one, two] = truth.of('dropped', lenet.onnx.layers[0]!.name)
    expect([...one!.bits]).not.toEqual([...two!.bits])
  })

  it('are scaled by what the layer makes of calibration images', async () => {
    const spreads = await outputSpreads(lenet)
    expect([...spreads.keys()]).toEqual(lenet.onnx.layers.map(({ name }) => name))
    for (const { range, std } of spreads.values()) {
      expect(range.low).toBeLessThan(0)
      expect(range.high).toBeGreaterThan(std)
    }
    expect(truth.of('clamped').some(({ changed }) => changed! > 0)).toBe(true)
  })
})
