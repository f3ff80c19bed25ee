import { openNetwork, readModel } from '@loadbearing/onnx'
import { describe, expect, it } from 'vitest'
import { openDifferentiable } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { engine } from './engine.ts'
import { drawn } from './graph-builder.ts'
import { shipped } from './shipped.ts'

it('is tested on the networks that ship', () => {
  expect([...shipped.keys()].toSorted()).toEqual(['lenet-fashion', 'resnet20-narrow-fashion', 'resnet8-fashion'])
})

describe.each([...shipped])('%s', (name, bytes) => {
  it('gives the logits that onnxruntime gives', async () => {
    const model = await readModel(bytes, { name })
    const examples = drawn('images', [16, ...model.input.shape])
    const network = await openNetwork(model, bytes)
    const expected = await network.run(examples)
    await network.release()
    const differentiable = await openDifferentiable(model, engine)
    expectCloseTo(await differentiable.logits(examples), expected, 1e-4)
    differentiable.release()
  })
})
