import { rngFrom } from '@loadbearing/core'
import { openSuffixes, readModel, type SuffixEngine } from '@loadbearing/onnx'
import { listZoo } from '@loadbearing/zoo'
import { describe, expect, it } from 'vitest'
import { compareEngines } from './engine-comparison.ts'
import { loadModel, preprocess } from './model.ts'
import { perturbModel } from './perturbed-model.ts'
import { perturbations } from './registry.generated.ts'

// A test fetches nothing.
const sources = (await listZoo())
  .filter(({ data }) => data !== 'cifar10')
  .map(({ name }) => ({ reference: `zoo:${name}` }))
const cellsOfEach = 8

/** Those that give every layer of every network other, finite weights. */
const plain = perturbations.flatMap(({ plugin }) =>
  plugin.target === 'weights' && !plugin.needsInitial && !plugin.nonFinite ? [plugin] : [],
)

// The whole comparison, all cells and all images, is `npm run verify:suffix`; its findings are in docs/verification.md.
describe.each(sources)('the suffix engine on $reference', async (source) => {
  const model = await loadModel(source)
  const images = await model.images('test')
  const rng = rngFrom('engine-comparison', model.name)
  const indices = Array.from({ length: 300 }, () => rng.integer(images.count))
  const inputs = await preprocess(images, indices, model.preprocessing)
  const labels = indices.map((index) => images.labels[index]!)
  const pick = <T>(items: readonly T[]): T => items[rng.integer(items.length)]!
  const cells = Array.from({ length: cellsOfEach }, () => {
    const perturbation = pick(plain)
    return { layer: pick(model.onnx.layers).name, perturbation, intensity: pick(perturbation.intensities), repeat: 0 }
  })

  it('counts what the whole graph of the written file counts', async () => {
    const engine = await openSuffixes(model.onnx)
    await engine.advance(inputs)
    for (const cell of cells) {
      const found = await compareEngines(model, engine, inputs, labels, cell)
      expect(found, JSON.stringify({ ...cell, perturbation: cell.perturbation.name })).toMatchObject({
        images: 300,
        different: 0,
      })
      expect(Math.abs(found.correct[0] - found.correct[1])).toBeLessThanOrEqual(found.ties.length)
      expect(found.difference).toBeLessThan(1e-4)
    }
    await engine.release()
  })

  it('would be found out: another weight than the cell has is counted as different', async () => {
    const engine = await openSuffixes(model.onnx)
    await engine.advance(inputs)
    const [layer, other] = model.onnx.layers
    const { plugin: perturbation } = perturbations.find(({ plugin }) => plugin.name === 'gaussian-noise')!
    const cell = { layer: layer!.name, perturbation, intensity: perturbation.intensities.at(-1)!, repeat: 0 }
    const { weight } = perturbModel(model, { ...cell, layer: other!.name })
    const faults: Record<string, SuffixEngine['run']> = {
      'the weight is not replaced': (its) => engine.run(its, model.onnx.weight(its)),
      'another layer is perturbed': () => engine.run(other!, weight),
    }
    expect(await compareEngines(model, engine, inputs, labels, cell)).toMatchObject({ different: 0 })
    for (const [fault, run] of Object.entries(faults)) {
      const found = await compareEngines(model, { ...engine, run }, inputs, labels, cell)
      expect(found.different, fault).toBeGreaterThan(0)
      expect(found.difference, fault).toBeGreaterThan(0.01)
    }
    await engine.release()
  })
})

describe('the network of a cell', async () => {
  const model = await loadModel({ reference: 'zoo:lenet-fashion' })
  const { plugin: perturbation } = perturbations.find(({ plugin }) => plugin.name === 'magnitude-pruning')!

  it('differs from the original in one weight, which is the perturbed one', async () => {
    const { bytes, weight } = perturbModel(model, { layer: 'conv2.weight', perturbation, intensity: 0.9, repeat: 0 })
    const written = await readModel(bytes, { name: 'written' })
    for (const [depth, layer] of written.layers.entries()) {
      const original = model.onnx.weight(model.onnx.layers[depth]!)
      expect(written.weight(layer).data).toEqual(layer.name === 'conv2.weight' ? weight.data : original.data)
    }
    expect(weight.data.filter((value) => value === 0).length).toBe(Math.round(0.9 * weight.data.length))
  })

  it.each([
    [{ layer: 'conv2.wieght', repeat: 0 }, "Did you mean 'conv2.weight'?"],
    [{ layer: 'conv2.weight', repeat: 1 }, '--repeat 0'],
  ])('of a cell that is not there is refused with a hint', ({ layer, repeat }, hint) => {
    expect(() => perturbModel(model, { layer, perturbation, intensity: 0.9, repeat })).toThrow(
      expect.objectContaining({ code: 'input', hint }),
    )
  })
})
