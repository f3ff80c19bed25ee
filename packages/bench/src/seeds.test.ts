import { createHash } from 'node:crypto'
import { readImages } from '@loadbearing/zoo'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadModel } from './model.ts'
import { findPerturbation } from './plugins.ts'
import { perturbModel } from './perturbed-model.ts'
import { criterionStream, stratifiedOrder, truthStream } from './seeds.ts'

describe('the order of the images', () => {
  it('holds every image once, and every prefix is as balanced as it can be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ min: 0, max: 4, minLength: 1, maxLength: 60 }), (labels) => {
        const order = stratifiedOrder(labels, 'some-data')
        expect(order.toSorted((a, b) => a - b)).toEqual([...labels.keys()])
        const total = new Map([...new Set(labels)].map((label) => [label, labels.filter((l) => l === label).length]))
        const seen = new Map([...total.keys()].map((label) => [label, 0]))
        for (const index of order) {
          seen.set(labels[index]!, seen.get(labels[index]!)! + 1)
          // A class may lag behind another only where it has no images left.
          const most = Math.max(...seen.values())
          for (const [label, count] of seen) expect(count).toBeGreaterThanOrEqual(Math.min(most - 1, total.get(label)!))
        }
      }),
    )
  })

  it('of the test images is what the published numbers were measured on', async () => {
    const { labels, data } = await readImages('fashion-mnist', 'test')
    const order = stratifiedOrder(labels, data)
    expect(createHash('sha256').update(Uint32Array.from(order)).digest('hex').slice(0, 16)).toMatchInlineSnapshot(
      `"8e09a87cbad6b5f9"`,
    )
  })
})

describe('the stream of a cell', async () => {
  const model = await loadModel({ reference: 'zoo:lenet-fashion' })
  const perturbation = await findPerturbation('gaussian-noise')
  const [layer, other] = model.onnx.layers
  const draw = { model: model.onnx.sha256, layer: layer!, perturbation, intensity: 0.8 }
  const first = (rng: ReturnType<typeof truthStream>): number => rng.uniform()

  it('depends on every name of the cell, and on nothing else', () => {
    const changed = [
      truthStream(draw, 0),
      truthStream(draw, 1),
      truthStream({ ...draw, intensity: 1.2 }, 0),
      truthStream({ ...draw, layer: other! }, 0),
      truthStream({ ...draw, model: 'other' }, 0),
      truthStream({ ...draw, perturbation: { ...perturbation, version: 2 } }, 0),
      truthStream({ ...draw, perturbation: { ...perturbation, name: 'other' } }, 0),
    ].map(first)
    expect(new Set(changed).size).toBe(changed.length)
    expect(first(truthStream({ ...draw }, 0))).toBe(changed[0])
  })

  it("of a criterion's draw is never the truth's", () => {
    const truth = [0, 1, 2, 3].map((repeat) => first(truthStream(draw, repeat)))
    const own = [0, 1, 2, 3].map((repeat) => first(criterionStream(draw, repeat)))
    expect(new Set([...truth, ...own]).size).toBe(8)
  })

  it('gives the weights that the published dataset has', () => {
    const cell = { layer: layer!.name, perturbation, intensity: 0.8, repeat: 3 }
    expect(perturbModel(model, cell).weightSha256).toMatchInlineSnapshot(`"873468aea1e274a3"`)
  })
})
