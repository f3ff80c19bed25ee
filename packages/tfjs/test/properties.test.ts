import fc from 'fast-check'
import type { Layer, Tensor, TensorsByLayer } from '@loadbearing/core'
import { openNetwork, readModel } from '@loadbearing/onnx'
import { describe, expect, it } from 'vitest'
import { openDifferentiable } from '../src/index.ts'
import { engine } from './engine.ts'
import { classes, classifierAround, drawn } from './graph-builder.ts'
import { parts } from './parts.ts'

const count = 3
const labels = Int32Array.from({ length: count }, (_, i) => i % classes)

function dot(a: Tensor, b: Tensor): number {
  return a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0)
}

function length(a: Tensor): number {
  return Math.sqrt(dot(a, a))
}

function scaled({ shape, data }: Tensor, factor: number): Tensor {
  return { shape, data: data.map((value) => value * factor) }
}

function sum(a: Tensor, b: Tensor): Tensor {
  return { shape: a.shape, data: a.data.map((value, i) => value + b.data[i]!) }
}

/** The mean cross-entropy, in float64. */
function lossOf({ data }: Tensor): number {
  const losses = [...labels].map((label, i) => {
    const row = [...data.subarray(i * classes, (i + 1) * classes)]
    const largest = Math.max(...row)
    return Math.log(row.reduce((total, logit) => total + Math.exp(logit - largest), 0)) - (row[label]! - largest)
  })
  return losses.reduce((total, loss) => total + loss, 0) / count
}

const seeds = fc.integer({ min: 1, max: 1e6 })

describe.each(parts)('$name', async (part) => {
  const model = await readModel(await classifierAround(part), { name: part.name })
  const front = model.layers.find(({ name }) => name === 'front')!
  const examples = drawn('examples', [count, ...part.shape])
  const batch = { examples, labels }
  const unit = (layer: Layer, seed: number): Tensor => {
    const direction = drawn(`direction ${seed}`, layer.weightShape)
    return scaled(direction, 1 / length(direction))
  }

  it('has the gradient of which onnxruntime takes finite differences', async () => {
    const differentiable = await openDifferentiable(model, engine)
    const gradient = (await differentiable.gradients(batch, 'loss', [front])).get('front')!
    differentiable.release()
    const weight = model.weight(front)
    const lossAt = async (step: Tensor): Promise<number> => {
      const network = await openNetwork(model, model.encodeWith(new Map([['front', sum(weight, step)]])))
      const made = await network.run(examples)
      await network.release()
      return lossOf(made)
    }
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        // Half along the gradient, so that there is something to see.
        const direction = sum(unit(front, seed), scaled(gradient, 1 / length(gradient)))
        const step = (1e-4 * length(weight)) / length(direction)
        const difference = (await lossAt(scaled(direction, step))) - (await lossAt(scaled(direction, -step)))
        const slope = difference / (2 * step)
        expect(Math.abs(slope - dot(gradient, direction))).toBeLessThan(0.05 * length(gradient) * length(direction))
      }),
      { numRuns: 2 },
    )
  })

  it('has a symmetric Hessian', async () => {
    const differentiable = await openDifferentiable(model, engine)
    const directionOf = (seed: number): TensorsByLayer =>
      new Map(model.layers.map((layer) => [layer.name, unit(layer, seed + layer.depth)]))
    const inner = (a: TensorsByLayer, b: TensorsByLayer): number =>
      [...a].reduce((total, [layer, values]) => total + dot(values, b.get(layer)!), 0)
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const [u, v] = [directionOf(seed), directionOf(seed + 10)]
        const [hu, hv] = [await differentiable.hessianProduct(batch, u), await differentiable.hessianProduct(batch, v)]
        const size = Math.sqrt(inner(hu, hu)) + Math.sqrt(inner(hv, hv))
        expect(Math.abs(inner(u, hv) - inner(v, hu))).toBeLessThan(1e-4 * size)
      }),
      { numRuns: 2 },
    )
    differentiable.release()
  })
})
