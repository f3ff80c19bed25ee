import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { predictedClasses } from '@loadbearing/core'
import { readOutcomes, readTable } from '@loadbearing/dataset/folder'
import { openNetwork } from '@loadbearing/onnx'
import { readImages } from '@loadbearing/zoo'
import { expect, it } from 'vitest'
import { loadPlugins, measure } from '../src/index.ts'
import { loadModel, preprocess } from '../src/model.ts'
import { stratifiedOrder } from '../src/seeds.ts'
import { floatNetwork, node } from './float-network.ts'
import { small } from './small-measurement.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A network of two matrices, 0.1 ms a run: how much an image is like the mean one of each class, then the same ten numbers again. */
async function likeness(): Promise<Uint8Array> {
  const { pixels, labels } = await readImages('fashion-mnist', 'calibration')
  const likeness = new Array<number>(784 * 10).fill(0)
  labels.forEach((label, image) => {
    for (let i = 0; i < 784; i++) likeness[10 * i + label]! += (pixels[784 * image + i]! / 255 - 0.3) / labels.length
  })
  const same = Array.from({ length: 100 }, (_, i) => Number(i % 11 === 0))
  return floatNetwork({
    input: [1, 28, 28],
    nodes: [
      node('Flatten', ['x'], 'flat'),
      node('Gemm', ['flat', 'means'], 'like'),
      node('Gemm', ['like', 'same'], 'y'),
    ],
    weights: { means: { dims: [784, 10], values: likeness }, same: { dims: [10, 10], values: same } },
  })
}

it('after ten thousand cells the clean count is what it was before them', async () => {
  const folder = temporaryFolder()
  const [reference, out] = [join(folder, 'likeness.onnx'), join(folder, 'measured')]
  writeFileSync(reference, await likeness())
  const source = { reference, data: 'zoo:fashion-mnist' }
  const { perturbations } = await loadPlugins(join(import.meta.dirname, 'wild-perturbation.ts'))
  // Two chunks of eight images: the second one is counted when every cell has run on the first.
  const precision = { kind: 'fixed', images: 16, repeats: 250 } as const
  await measure(small(out, { models: [source], perturbations, precision, chunk: 8 }))

  const model = await loadModel(source)
  const images = await model.images('test')
  const indices = stratifiedOrder(images.labels, model.data).slice(0, 16)
  const network = await openNetwork(model.onnx, model.bytes)
  const predicted = predictedClasses(await network.run(await preprocess(images, indices, model.preprocessing)))
  await network.release()
  const clean = Array.from(indices, (index, i) => Number(images.labels[index] === predicted[i]))

  const cells = await readTable(out, 'sensitivity')
  expect(cells).toHaveLength(10_000)
  const outcomes = await readOutcomes(out)
  const bitsOf = (column: Uint8Array, offset: number): string => column.subarray(offset, offset + 16).join('')
  const kept = cells.filter(({ level }) => level === 0 || level === 19)
  const others = cells.filter((cell) => !kept.includes(cell))
  expect(new Set(cells.map((cell) => bitsOf(outcomes.clean_correct, cell.outcome_offset!)))).toEqual(
    new Set([clean.join('')]),
  )
  // What leaves the weights as they are changes nothing, before and after everything else.
  expect(new Set(kept.map((cell) => bitsOf(outcomes.correct, cell.outcome_offset!)))).toEqual(new Set([clean.join('')]))
  expect(Math.max(...kept.map((cell) => cell.bounded_kl!))).toBeLessThan(1e-6)
  expect(Math.min(...others.map((cell) => cell.changed!))).toBeGreaterThan(8)
})
