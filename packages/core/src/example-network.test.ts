import { describe, expect, it } from 'vitest'
import { exampleHost, exampleLayers } from './example-network.ts'
import type { Objective, TensorsByLayer } from './gradients.ts'
import type { Layer } from './layer.ts'
import type { Tensor } from './tensor.ts'

const host = exampleHost()
const { labels } = host.labels
const weightOf = (layer: Layer): Tensor => host.weights.weights(layer)
const moved = ({ shape, data }: Tensor, index: number, by: number): Tensor => ({
  shape,
  data: data.map((value, i) => (i === index ? value + by : value)),
})

/** The mean objective with `weight` in a layer's place, from the logits. */
async function objectiveAt(layer: Layer, weight: Tensor, objective: Objective, examples: number): Promise<number> {
  const { data } = await host.perturbedForward.perturbedForward(layer, weight, examples)
  let sum = 0
  for (let n = 0; n < examples; n++) {
    const row = [...data.subarray(n * 3, n * 3 + 3)]
    const normaliser = Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0))
    if (objective === 'loss') sum += normaliser - row[labels[n]!]!
    else if (objective === 'logit-sum') sum += row.reduce((total, logit) => total + logit, 0)
    else sum += row[objective === 'true-logit' ? labels[n]! : objective.logit]!
  }
  return sum / examples
}

async function meanGradient(batch: number, objective: Objective, examples = 24): Promise<Map<string, number[]>> {
  const sums = new Map<string, number[]>()
  for await (const its of exampleHost(batch).gradients.gradients({ objective, examples })) {
    for (const [name, { data }] of its.gradients) {
      const before = sums.get(name) ?? [...data].fill(0)
      sums.set(
        name,
        before.map((sum, i) => sum + (its.examples / examples) * data[i]!),
      )
    }
  }
  return sums
}

describe('the example network that criteria are checked on', () => {
  it.each<Objective>(['loss', 'true-logit', 'logit-sum', { logit: 1 }])(
    'has the gradients that finite differences give: %j',
    async (objective) => {
      const gradients = await meanGradient(7, objective, 10)
      for (const layer of exampleLayers) {
        for (const index of [0, 5, layer.parameters - 1]) {
          const at = (by: number) => objectiveAt(layer, moved(weightOf(layer), index, by), objective, 10)
          const slope = ((await at(1e-3)) - (await at(-1e-3))) / 2e-3
          expect(gradients.get(layer.name)![index]).toBeCloseTo(slope, 3)
        }
      }
    },
  )

  it('has mean gradients that do not depend on the batches, and are the mean of every example for itself', async () => {
    const [whole, parts] = [await meanGradient(24, 'loss'), await meanGradient(7, 'loss')]
    const each: TensorsByLayer[] = []
    for await (const gradients of host.gradients.exampleGradients()) each.push(gradients)
    expect(each).toHaveLength(24)
    for (const [name, values] of whole) {
      values.forEach((value, i) => {
        expect(parts.get(name)![i]).toBeCloseTo(value, 5)
        expect(each.reduce((sum, its) => sum + its.get(name)!.data[i]!, 0) / 24).toBeCloseTo(value, 5)
      })
    }
  })

  it('has activation gradients whose outer product with the activations are the gradients of the weights', async () => {
    const batches = exampleHost(7).activations.activations()[Symbol.asyncIterator]()
    const weights = exampleHost(7).gradients.gradients({ objective: 'true-logit' })[Symbol.asyncIterator]()
    for await (const { examples, gradients } of exampleHost(7).gradients.activationGradients({
      objective: 'true-logit',
    })) {
      const activations = (await batches.next()).value as ReadonlyMap<string, { input: Tensor }>
      const expected = (await weights.next()).value as { gradients: TensorsByLayer }
      for (const { name, weightShape } of exampleLayers) {
        const [outs, ins] = weightShape as [number, number]
        const { input } = activations.get(name)!
        const { output } = gradients.get(name)!
        expect(output.shape).toEqual([examples, outs])
        for (const [o, i] of [
          [0, 0],
          [outs - 1, ins - 1],
        ] as const) {
          let sum = 0
          for (let n = 0; n < examples; n++) sum += output.data[n * outs + o]! * input.data[n * ins + i]!
          expect(sum / examples).toBeCloseTo(expected.gradients.get(name)!.data[o * ins + i]!, 5)
        }
      }
    }
  })

  it('has Hessian products that give the curvature of finite differences, and no layer that was not asked for', async () => {
    for (const layer of exampleLayers) {
      const direction: Tensor = { shape: layer.weightShape, data: new Float32Array(layer.parameters) }
      direction.data[2] = 1
      // Three examples and a short step: it crosses no kink of ReLU.
      const product = await host.hessian.hessianProduct(new Map([[layer.name, direction]]), 3)
      expect([...product.keys()]).toEqual([layer.name])
      const at = (by: number) => objectiveAt(layer, moved(weightOf(layer), 2, by), 'loss', 3)
      const curvature = ((await at(0.01)) - 2 * (await at(0)) + (await at(-0.01))) / 0.01 ** 2
      expect(product.get(layer.name)!.data[2]).toBeCloseTo(curvature, 2)
    }
  })

  it('has a symmetric Hessian over all layers', async () => {
    const alone = ({ name, weightShape, parameters }: Layer): TensorsByLayer =>
      new Map([[name, { shape: weightShape, data: Float32Array.from({ length: parameters }, (_, i) => Math.sin(i)) }]])
    const all = exampleLayers.flatMap((layer) => [...alone(layer)])
    const total = ({ data }: Tensor): number => data.reduce((sum, value, i) => sum + value * Math.sin(i), 0)
    const forth = await host.hessian.hessianProduct(new Map(all))
    for (const layer of exampleLayers) {
      // ⟨all, H·one⟩ = ⟨one, H·all⟩, where zeros stand for the other layers.
      const zeros = all.map(([name, { shape, data }]) => [name, { shape, data: data.map(() => 0) }] as const)
      const back = await host.hessian.hessianProduct(new Map([...zeros, ...alone(layer)]))
      const sum = [...back.values()].reduce((before, its) => before + total(its), 0)
      expect(total(forth.get(layer.name)!)).toBeCloseTo(sum, 4)
      expect(Math.abs(sum)).toBeGreaterThan(1e-3)
    }
  })
})
