import { type HostContext, rngFrom, type Tensor } from '@loadbearing/core'
import { openNetwork } from '@loadbearing/onnx'
import type * as Zoo from '@loadbearing/zoo'
import { describe, expect, it, vi } from 'vitest'
import { type Offer, openHost } from '../src/host.ts'
import { loadModel } from '../src/model.ts'
import { weightDigest } from '../src/draws.ts'
import { perturbModel } from '../src/perturbed-model.ts'
import { findPerturbation } from '../src/plugins.ts'
import { type Ask, sideBySide } from '../src/side-by-side.ts'
import { alone, offerOf } from './context-of.ts'

// In this file nobody can open the test images; what a host needs them for would throw.
vi.mock('@loadbearing/zoo', async (original) => {
  const zoo = await original<typeof Zoo>()
  return {
    ...zoo,
    readImages: (data: string, split: Zoo.Split) => {
      if (split === 'test') throw new Error('the test split was opened')
      return zoo.readImages(data, split)
    },
  }
})
const { readImages } = await vi.importActual<typeof Zoo>('@loadbearing/zoo')

describe('what a criterion is given', async () => {
  const model = await loadModel({ reference: 'zoo:lenet-fashion' })
  const calibration = await readImages(model.data, 'calibration')
  const perturbation = await findPerturbation('bit-flip')
  const level = { perturbation, intensity: 0.03 }

  const given = async <T>(work: (context: HostContext, effort: Offer['effort']) => Promise<T>): Promise<T> => {
    const host = await openHost(model)
    try {
      const { context, effort } = offerOf(host)
      return await work(context(alone, level), effort)
    } finally {
      await host.release()
    }
  }

  /** Everything that the network reads while a criterion looks at activations: the images, in the host's order. */
  const imagesShown = async ({ activations }: HostContext): Promise<Tensor> => {
    const parts: number[] = []
    for await (const batch of activations!.activations()) parts.push(...batch.get('conv1.weight')!.input.data)
    return { shape: [parts.length / 784, 1, 28, 28], data: Float32Array.from(parts) }
  }

  const pixelsOf = ({ data }: Tensor): string[] => {
    const { scale, mean, std } = model.preprocessing
    return Array.from({ length: data.length / 784 }, (_, image) =>
      Array.from(data.subarray(image * 784, (image + 1) * 784), (x) =>
        Math.round((x * std[0]! + mean[0]!) * scale),
      ).join(),
    )
  }
  const storedPixels = ({ pixels, count }: Zoo.ImageSet): string[] =>
    Array.from({ length: count }, (_, image) => Array.from(pixels.subarray(image * 784, (image + 1) * 784)).join())

  it('is every calibration image once, with its label, and no test image', async () => {
    await given(async (context) => {
      const shown = pixelsOf(await imagesShown(context))
      const stored = storedPixels(calibration)
      expect(shown.toSorted()).toEqual(stored.toSorted())
      expect(context.examples).toBe(calibration.count)
      expect([...context.labels!.labels]).toEqual(shown.map((pixels) => calibration.labels[stored.indexOf(pixels)]))
      const test = new Set(storedPixels(await readImages(model.data, 'test')))
      expect(test.size).toBeGreaterThan(9000)
      expect(shown.filter((pixels) => test.has(pixels))).toEqual([])
    })
  })

  it('is logits and perturbed logits of those same images, from the first on', async () => {
    await given(async (context) => {
      const { shape, data } = await imagesShown(context)
      const first = { shape: [20, ...shape.slice(1)], data: data.subarray(0, 20 * 784) }
      const layer = context.layers[1]!
      const weight = context.perturbation!.perturbed(layer)
      const runs = [
        [await context.logits!.logits(20), model.bytes],
        [
          await context.perturbedForward!.perturbedForward(layer, weight, 20),
          model.onnx.encodeWith(new Map([[layer.name, weight]])),
        ],
      ] as const
      for (const [logits, bytes] of runs) {
        const network = await openNetwork(model.onnx, bytes)
        const whole = await network.run(first)
        await network.release()
        expect(logits.shape).toEqual(whole.shape)
        whole.data.forEach((logit, i) => expect(logits.data[i]).toBeCloseTo(logit, 4))
      }
      expect(runs[0][0].data).not.toEqual(runs[1][0].data)
    })
  })

  it('is logits of those after others, where it asks for them, and of no more than there are', async () => {
    await given(async (context, effort) => {
      const layer = context.layers[1]!
      const weight = context.perturbation!.perturbed(layer)
      const inputs = { from: 15, count: 5 }
      const runs = [
        [await context.logits!.logits(20), await context.logits!.logits(inputs)],
        [
          await context.perturbedForward!.perturbedForward(layer, weight, 20),
          await context.perturbedForward!.perturbedForward(layer, weight, inputs),
        ],
      ] as const
      for (const [whole, part] of runs) {
        expect(part.shape).toEqual([5, whole.shape[1]])
        part.data.forEach((logit, i) => expect(logit).toBeCloseTo(whole.data[15 * whole.shape[1]! + i]!, 4))
      }
      const before = effort().forwards
      const { shape } = await context.logits!.logits({ from: calibration.count - 2, count: 5 })
      expect([shape[0], effort().forwards - before]).toEqual([2, 2])
    })
  })

  it('is paid for by the forward: each image through the network, or behind a layer, is one', async () => {
    await given(async (context, effort) => {
      const paid = async (work: () => Promise<unknown>): Promise<number> => {
        const before = effort().forwards
        await work()
        return effort().forwards - before
      }
      const layer = context.layers[1]!
      const weight = context.perturbation!.perturbed(layer)
      const perturbed = (examples: number) => () => context.perturbedForward!.perturbedForward(layer, weight, examples)
      expect(effort().forwards).toBe(0)
      expect(effort().examples).toBe(0)
      expect(await paid(() => context.logits!.logits(7))).toBe(7)
      expect(await paid(() => context.logits!.logits(7))).toBe(0)
      // The front of the network once for 20 images, and what lies behind the layer.
      expect(await paid(perturbed(20))).toBe(20 + 20)
      expect(await paid(perturbed(20))).toBe(20)
      expect(effort().examples).toBe(20)
      expect(await paid(() => imagesShown(context))).toBe(calibration.count)
      expect(effort().examples).toBe(calibration.count)
      // Who asks for more than there are gets all.
      expect(await paid(perturbed(calibration.count + 1))).toBe(2 * calibration.count)
    })
  })

  it('is noise where it asks for that: standard normal, the same for all, of no image, and paid for like one', async () => {
    const three = await given(async (context, effort) => {
      const layer = context.layers[1]!
      const clean = await context.logits!.logits({ noise: 3 })
      expect(effort().forwards).toBe(3)
      const moved = await context.perturbedForward!.perturbedForward(layer, context.weights!.weights(layer), {
        noise: 3,
      })
      expect(effort().forwards).toBe(6)
      expect(effort().examples).toBe(0)
      clean.data.forEach((logit, i) => expect(moved.data[i]).toBeCloseTo(logit, 4))
      expect((await context.logits!.logits(3)).data).not.toEqual(clean.data)
      return [...clean.data]
    })
    const rng = rngFrom('loadbearing/v1', 'noise', model.onnx.sha256)
    const network = await openNetwork(model.onnx, model.bytes)
    const { data } = await network.run({
      shape: [5, 1, 28, 28],
      data: Float32Array.from({ length: 5 * 784 }, () => rng.normal()),
    })
    await network.release()
    const five = await given(async ({ logits }) => [...(await logits!.logits({ noise: 5 })).data])
    three.forEach((logit, i) => expect(logit).toBeCloseTo(data[i]!, 4))
    five.forEach((logit, i) => expect(logit).toBeCloseTo(data[i]!, 4))
  })

  it('may be asked for at a later level by what was computed once', async () => {
    const host = await openHost(model)
    const { context } = offerOf(host)
    const shapes: (readonly number[])[] = []
    for (const images of [2, 3]) {
      const work = async (ask: Ask): Promise<readonly number[]> => {
        const { perturbation: offered, logits } = context(ask, { perturbation, intensity: images / 100 })
        const logitsOf = await offered!.once('logits', () => (count: number) => logits!.logits(count))
        return (await logitsOf(images)).shape
      }
      await sideBySide([work], { onDone: (_, shape) => shapes.push(shape) })
    }
    await host.release()
    expect(shapes).toEqual([2, 3].map((images) => [images, 10]))
  })

  it("is draws of its own: the same under the same number, never another's or the truth's", async () => {
    await given(async ({ layers, perturbation: offered }) => {
      const draw = (number: number): string[] => layers.map((layer) => weightDigest(offered!.perturbed(layer, number)))
      const own = [0, 1, 2, 3].flatMap(draw)
      expect(draw(2)).toEqual(own.slice(2 * layers.length, 3 * layers.length))
      const truth = [0, 1, 2, 3].flatMap((repeat) =>
        layers.map((layer) => perturbModel(model, { layer: layer.name, ...level, repeat }).weightSha256),
      )
      expect(new Set([...own, ...truth]).size).toBe(8 * layers.length)
    })
  })
})
