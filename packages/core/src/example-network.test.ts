import { describe, expect, it } from 'vitest'
import { klDivergences } from './divergence.ts'
import { exampleHost, exampleLayers } from './example-network.ts'
import type { Baseline, LogitObjective, PathPoint, TensorsByLayer } from './gradients.ts'
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
async function objectiveAt(
  layer: Layer,
  weight: Tensor,
  objective: 'loss' | LogitObjective,
  examples: number,
): Promise<number> {
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

async function meanGradient(
  batch: number,
  objective: 'loss' | LogitObjective,
  examples = 24,
): Promise<Map<string, number[]>> {
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
  it.each<'loss' | LogitObjective>(['loss', 'true-logit', 'logit-sum', { logit: 1 }])(
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

  it('has gradients at weights that stand in for its own, of their layers alone', async () => {
    const layer = exampleLayers[1]!
    const { shape, data } = weightOf(layer)
    const halved: Tensor = { shape, data: data.map((value) => value / 2) }
    const slope = async (index: number): Promise<number> => {
      const at = (by: number) => objectiveAt(layer, moved(halved, index, by), 'loss', 10)
      return ((await at(1e-3)) - (await at(-1e-3))) / 2e-3
    }
    const options = { examples: 10, weights: new Map([[layer.name, halved]]) }
    for await (const { gradients } of host.gradients.gradients(options)) {
      expect([...gradients.keys()]).toEqual([layer.name])
      for (const index of [0, 5, 39]) {
        expect(gradients.get(layer.name)!.data[index]).toBeCloseTo(await slope(index), 3)
      }
    }
    for await (const gradients of host.gradients.exampleGradients(options)) {
      expect([...gradients.keys()]).toEqual([layer.name])
    }
  })

  /** The sum of all logits of the first 10 examples, put on the path. */
  async function logitSum(path: PathPoint): Promise<number> {
    let sum = 0
    for await (const its of exampleHost(4).activations.activations({ path, examples: 10 })) {
      for (const logit of its.get(exampleLayers.at(-1)!.name)!.output.data) sum += logit
    }
    return sum
  }

  describe.each<Baseline>(['zeros', { shift: 3 }])('on a path from %j', (baseline) => {
    it('reads what lies between the baseline and the example', async () => {
      const read = async (path?: PathPoint): Promise<Float32Array> => {
        for await (const its of host.activations.activations({ examples: 10, ...(path && { path }) })) {
          return its.get(exampleLayers[0]!.name)!.input.data
        }
        throw new Error('no batch')
      }
      const [own, made] = [await read(), await read({ alpha: 0.25, baseline })]
      expect(made).toHaveLength(60)
      // Three further on, of ten: the last of example 8 is that of example 1.
      const [first, last] = baseline === 'zeros' ? [0, 0] : [own[18]!, own[11]!]
      expect(made[0]).toBeCloseTo(0.25 * own[0]! + 0.75 * first, 6)
      expect(made[53]).toBeCloseTo(0.25 * own[53]! + 0.75 * last, 6)
    })

    it('has gradients that lead along it as finite differences do', async () => {
      const along = (alpha: number) => ({ alpha, baseline })
      const inputs = async (alpha: number): Promise<number[]> => {
        const all: number[] = []
        for await (const its of exampleHost(4).activations.activations({ path: along(alpha), examples: 10 })) {
          all.push(...its.get(exampleLayers[0]!.name)!.input.data)
        }
        return all
      }
      const [from, to] = [await inputs(0), await inputs(1)]
      const options = { objective: 'logit-sum', path: along(0.3), examples: 10 } as const
      let [slope, seen] = [0, 0]
      for await (const { gradients } of exampleHost(4).gradients.activationGradients(options)) {
        for (const value of gradients.get(exampleLayers[0]!.name)!.input.data) {
          slope += value * (to[seen]! - from[seen]!)
          seen++
        }
      }
      const difference = (await logitSum(along(0.301))) - (await logitSum(along(0.299)))
      expect(slope).toBeCloseTo(difference / 0.002, 2)
    })

    it('has, where one layer alone is on it, gradients that add up to what the logits change from end to end', async () => {
      const change = (await logitSum({ alpha: 1, baseline })) - (await logitSum({ alpha: 0, baseline }))
      const steps = 200
      for (const layer of exampleLayers) {
        const made = async (alpha: number): Promise<number[]> => {
          const all: number[] = []
          for await (const its of host.activations.activations({ path: { alpha, baseline }, examples: 10 })) {
            all.push(...its.get(layer.name)!.output.data)
          }
          return all
        }
        const [from, to] = [await made(0), await made(1)]
        let sum = 0
        for (let step = 0; step < steps; step++) {
          const within = { alpha: (step + 0.5) / steps, baseline }
          let seen = 0
          for await (const gradient of exampleHost(4).gradients.outputGradients(layer, within, {
            objective: 'logit-sum',
            examples: 10,
          })) {
            for (const value of gradient.data) {
              sum += (value * (to[seen]! - from[seen]!)) / steps
              seen++
            }
          }
        }
        expect(sum).toBeCloseTo(change, 1)
      }
    })
  })

  it.each<Baseline>(['zeros', { shift: 3 }])(
    'has multipliers that share out what the logits gain from %j exactly, at every layer that all paths cross',
    async (baseline) => {
      const change = (await logitSum({ alpha: 1, baseline })) - (await logitSum({ alpha: 0, baseline }))
      const made = async (layer: Layer, alpha: number): Promise<number[]> => {
        const all: number[] = []
        for await (const its of host.activations.activations({ path: { alpha, baseline }, examples: 10 })) {
          all.push(...its.get(layer.name)!.output.data)
        }
        return all
      }
      for (const layer of exampleLayers) {
        const [from, to] = [await made(layer, 0), await made(layer, 1)]
        const all: number[] = []
        const options = { objective: 'logit-sum', examples: 10 } as const
        for await (const its of exampleHost(4).gradients.outputMultipliers(baseline, options)) {
          all.push(...its.get(layer.name)!.data)
        }
        expect(all).toHaveLength(from.length)
        expect(all.reduce((sum, value, i) => sum + value * (to[i]! - from[i]!), 0)).toBeCloseTo(change, 4)
      }
    },
  )

  it('has a divergence whose gradient is none at its own weights, and elsewhere as finite differences have it', async () => {
    for await (const { gradients } of host.gradients.gradients({ objective: 'divergence' })) {
      for (const { data } of gradients.values()) expect(Math.max(...data.map(Math.abs))).toBeLessThan(1e-6)
    }
    const clean = await host.logits.logits()
    for (const layer of exampleLayers) {
      const away: Tensor = { shape: layer.weightShape, data: weightOf(layer).data.map((w) => 1.4 * w) }
      const divergence = async (index: number, by: number): Promise<number> => {
        const logits = await host.perturbedForward.perturbedForward(layer, moved(away, index, by), 24)
        return klDivergences(clean, logits).reduce((sum, each) => sum + each, 0) / 24
      }
      const weights = new Map([[layer.name, away]])
      for await (const { gradients } of host.gradients.gradients({ objective: 'divergence', weights })) {
        expect([...gradients.keys()]).toEqual([layer.name])
        const { data } = gradients.get(layer.name)!
        // Where it is largest, rounding says least.
        const index = data.reduce((best, value, i) => (Math.abs(value) > Math.abs(data[best]!) ? i : best), 0)
        const slope = ((await divergence(index, 1e-3)) - (await divergence(index, -1e-3))) / 2e-3
        expect(data[index]! / slope).toBeCloseTo(1, 2)
      }
    }
  })

  it('has a flow that is what goes through every layer: the same, where nothing is added on the way', async () => {
    const flow = await host.gradients.flowGradients()
    let flowing: number[] = Array<number>(6).fill(1)
    for (const layer of exampleLayers) {
      const { data } = weightOf(layer)
      const [outs, ins] = layer.weightShape as [number, number]
      flowing = Array.from({ length: outs }, (_, o) =>
        flowing.reduce((sum, value, i) => sum + value * Math.abs(data[o * ins + i]!), 0),
      )
    }
    const total = flowing.reduce((sum, value) => sum + value)
    for (const layer of exampleLayers) {
      const { data } = weightOf(layer)
      const through = flow.get(layer.name)!.data.reduce((sum, value, i) => sum + value * Math.abs(data[i]!), 0)
      expect(through / total).toBeCloseTo(1, 5)
    }
  })
})
