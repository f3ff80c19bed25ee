import { type OnnxModel, openNetwork, readModel } from '@loadbearing/onnx'
import type { Tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { openDifferentiable } from '../src/index.ts'
import { expectCloseTo } from './close-to.ts'
import { engine } from './engine.ts'
import { classifierAround, drawn, network } from './graph-builder.ts'
import { parts } from './parts.ts'

async function onnxruntime(model: OnnxModel, examples: Tensor): Promise<Tensor> {
  const network = await openNetwork(model, model.bytes)
  const made = await network.run(examples)
  await network.release()
  return made
}

describe.each(parts)('$name', (part) => {
  it('gives what onnxruntime gives', async () => {
    const model = await readModel(await classifierAround(part), { name: part.name })
    const examples = drawn('examples', [3, ...part.shape])
    const differentiable = await openDifferentiable(model, engine)
    expectCloseTo(await differentiable.logits(examples), await onnxruntime(model, examples), 1e-4)
    differentiable.release()
  })
})

it('names every node that it cannot differentiate at once', async () => {
  const bytes = network({
    name: 'unsupported',
    shape: [4],
    nodes: [
      ['Cos', ['x'], 'c'],
      ['MatMul', ['c', 'weight'], 'm'],
      ['Hardmax', ['m'], 'h'],
      ['Gelu', ['h'], 'scores'],
    ],
    constants: { weight: drawn('weight', [4, 3]) },
    opset: 20,
  })
  const model = await readModel(bytes, { name: 'unsupported' })
  await expect(openDifferentiable(model, engine)).rejects.toThrow(
    "unsupported has 2 nodes without a gradient here: 'Cos_0' (Cos), 'Hardmax_2' (Hardmax).",
  )
})
