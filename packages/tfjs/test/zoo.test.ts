import type { Tensor } from '@loadbearing/core'
import { openNetwork, openObserved, readModel } from '@loadbearing/onnx'
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
  const isOfNumbers = model.input.type.startsWith('float') && model.input.shape.at(-2) !== 1
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
  it('has multipliers that share out exactly what the logits gain from a baseline, at the first layer', async () => {
    const [first] = model.layers
    const network = await openObserved(model)
    const baseline: Tensor = { ...examples, data: examples.data.map((value) => (isOfNumbers ? value / 3 - 0.2 : 1)) }
    const [made, start] = [await network.activations(examples), await network.activations(baseline)]
    await network.release()
    const differentiable = await openDifferentiable(model, engine)
    const [to, from] = [await differentiable.logits(examples), await differentiable.logits(baseline)]
    const batch = { examples, labels: new Int32Array(4) }
    const multipliers = await differentiable.outputMultipliers(batch, { logit: 3 }, baseline)
    differentiable.release()
    expect([...multipliers.keys()]).toEqual(model.layers.map((layer) => layer.name))
    const [y, y0] = [made, start].map((its) => its.get(first!.name)!.output.data) as [Float32Array, Float32Array]
    const shares = multipliers.get(first!.name)!.data.map((multiplier, i) => multiplier * (y[i]! - y0[i]!))
    for (let n = 0; n < 4; n++) {
      const its = shares.subarray((n * shares.length) / 4, ((n + 1) * shares.length) / 4)
      const gained = to.data[n * model.output.classes + 3]! - from.data[n * model.output.classes + 3]!
      // Shares of both signs cancel out: rounding is to be judged by them, not by what is left.
      const most = Math.max(
        Math.abs(gained),
        its.reduce((sum, share) => sum + Math.abs(share), 0),
      )
      expect((its.reduce((sum, share) => sum + share, 0) - gained) / most).toBeCloseTo(0, 4)
    }
  })
})
