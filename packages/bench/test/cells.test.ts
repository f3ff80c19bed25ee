import { readFileSync } from 'node:fs'
import type { Perturbation, Tensor } from '@loadbearing/core'
import { openSuffixes, type SuffixEngine } from '@loadbearing/onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawActivations, drawWeight, type Surroundings, weightDigest } from '../src/draws.ts'
import { type BenchModel, loadModel, preprocess } from '../src/model.ts'
import { outcomeOf } from '../src/outcome.ts'
import { findPerturbation } from '../src/plugins.ts'
import { stratifiedOrder } from '../src/seeds.ts'
import { surroundingsOf } from '../src/surroundings.ts'

interface Cell {
  readonly model: string
  readonly layer: string
  readonly perturbation: string
  readonly version: number
  readonly intensity: number
  readonly repeat: number
  readonly images: number
  readonly correct: number
  /** A bit an image, in hex, the first image first. */
  readonly outcomes: string
  /** Positions of images whose two largest logits are so close that sound runtimes may differ. */
  readonly ties: readonly number[]
  /** Positions of images for which a value on the way is infinite or NaN, which runtimes carry on differently. */
  readonly overflows: readonly number[]
  /** First 16 hex digits of the SHA-256 of the perturbed weight's bytes; null where activations are perturbed. */
  readonly weight: string | null
}

interface Spread {
  readonly model: string
  readonly layer: string
  readonly low: number
  readonly high: number
  readonly std: number
}

// tools/reference/cells.py, with numpy and PyTorch and none of our code.
const recorded = JSON.parse(readFileSync(new URL('fixtures/cells.json', import.meta.url), 'utf8')) as {
  readonly spreads: readonly Spread[]
  readonly cells: readonly Cell[]
}

const bits = (hex: string): number[] =>
  Array.from(hex).flatMap((digit) => [3, 2, 1, 0].map((bit) => (parseInt(digit, 16) >> bit) & 1))

const models = [...new Set(recorded.cells.map(({ model }) => model))]

describe.each(models)('%s', (name) => {
  const cells = recorded.cells.filter((cell) => cell.model === name)
  const images = cells[0]!.images
  let model: BenchModel
  let surroundings: Surroundings
  let engine: SuffixEngine
  let clean: Tensor
  let labels: readonly number[]

  beforeAll(async () => {
    model = await loadModel({ reference: `zoo:${name}` })
    surroundings = await surroundingsOf(model, { activations: true, initial: true })
    const used = new Set(cells.map(({ layer }) => layer))
    const layers = model.onnx.layers.filter((layer) => used.has(layer.name))
    engine = await openSuffixes(model.onnx, { weights: layers, outputs: layers })
    const test = await model.images('test')
    const order = stratifiedOrder(test.labels, model.data).slice(0, images)
    labels = order.map((index) => test.labels[index]!)
    clean = await engine.advance(await preprocess(test, order, model.preprocessing))
  })
  afterAll(() => engine.release())

  const measured = async (
    { layer: layerName, intensity, repeat }: Cell,
    perturbation: Perturbation,
  ): Promise<{ weight: string | null; logits: Tensor }> => {
    const layer = model.onnx.layers.find((one) => one.name === layerName)!
    const draw = { model: model.onnx.sha256, layer, intensity }
    if (perturbation.target === 'weights') {
      const weight = drawWeight(model.onnx.weight(layer), { ...draw, perturbation }, repeat, surroundings)
      return { weight: weightDigest(weight), logits: await engine.run(layer, weight) }
    }
    const logits = await engine.runOutput(layer, (output, start) =>
      drawActivations(output, { ...draw, perturbation }, repeat, start, surroundings),
    )
    return { weight: null, logits }
  }

  it.each([...new Set(cells.map(({ perturbation }) => perturbation))])(
    '%s gives the weights of numpy to the byte, and every image but ties and overflows the outcome of PyTorch',
    async (perturbationName) => {
      const perturbation = await findPerturbation(perturbationName)
      for (const cell of cells.filter((one) => one.perturbation === perturbationName)) {
        const { layer, intensity, repeat, ties, overflows } = cell
        const named = `${layer}, intensity ${intensity}, repeat ${repeat} (ties: ${ties.join()}; overflows: ${overflows.join()})`
        const open = new Set([...ties, ...overflows])
        expect(perturbation.version, `${named}: run tools/reference/cells.py again`).toBe(cell.version)
        const { weight, logits } = await measured(cell, perturbation)
        expect(weight, named).toBe(cell.weight)
        const correct = [...outcomeOf(clean, logits, labels).correct]
        const expected = bits(cell.outcomes)
        const differing = correct.flatMap((bit, image) => (bit === expected[image] ? [] : [image]))
        expect(
          differing.filter((image) => !open.has(image)),
          named,
        ).toEqual([])
        const count = correct.reduce((sum, bit) => sum + bit, 0)
        expect(Math.abs(count - cell.correct), named).toBeLessThanOrEqual(open.size)
      }
    },
  )

  it('has the same spreads of outputs on calibration images', () => {
    const expected = recorded.spreads.filter((spread) => spread.model === name)
    expect(expected.length).toBeGreaterThan(0)
    for (const { layer, low, high, std } of expected) {
      const spread = surroundings.spreads.get(layer)!
      for (const [ours, theirs] of [
        [spread.range.low, low],
        [spread.range.high, high],
        [spread.std, std],
      ] as const) {
        expect(Math.abs(ours - theirs), layer).toBeLessThan(1e-5 * std)
      }
    }
  })
})
