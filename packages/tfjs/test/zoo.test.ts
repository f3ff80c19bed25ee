import type { Tensor } from '@loadbearing/core'
import { openNetwork, readModel } from '@loadbearing/onnx'
import { describe, expect, it } from 'vitest'
import { openDifferentiable } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { engine } from './engine.ts'
import { drawn } from './graph-builder.ts'
import { zooFiles } from './zoo-files.ts'

it('is tested on those that ship, at least', () => {
  expect([...zooFiles.keys()]).toEqual(
    expect.arrayContaining(['lenet-fashion', 'resnet20-narrow-fashion', 'resnet8-fashion']),
  )
})

describe.each([...zooFiles])('%s', async (name, bytes) => {
  const model = await readModel(bytes, { name })
  const images = drawn('images', [4, ...model.input.shape])
  // Where the network reads tokens, the first few of its vocabulary.
  const isOfNumbers = model.input.type.startsWith('float')
  const examples: Tensor = isOfNumbers ? images : { ...images, data: images.data.map((_, i) => (i * 7) % 50) }

  it('gives the logits that onnxruntime gives', async () => {
    const network = await openNetwork(model, bytes)
    const expected = await network.run(examples)
    await network.release()
    const differentiable = await openDifferentiable(model, engine)
    expectCloseTo(await differentiable.logits(examples), expected, 1e-4)
    differentiable.release()
  })

  it('can be differentiated twice, with respect to every weight', async () => {
    const differentiable = await openDifferentiable(model, engine)
    const batch = { examples, labels: new Int32Array(4) }
    const gradients = await differentiable.gradients(batch, 'loss')
    const products = await differentiable.hessianProduct(batch, gradients)
    differentiable.release()
    for (const made of [gradients, products]) {
      expect([...made.keys()]).toEqual(model.layers.map((layer) => layer.name))
      for (const layer of model.layers) {
        const { shape, data } = made.get(layer.name)!
        expect(shape).toEqual(layer.weightShape)
        expect(data.every(Number.isFinite)).toBe(true)
      }
    }
  })
})
