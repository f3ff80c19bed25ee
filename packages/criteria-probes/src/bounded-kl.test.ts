import { scoreLayers, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { definePerturbation, perturb, rngFrom, type HostContext, type Layer } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { boundedKl } from './bounded-kl.ts'

const layer = { name: 'only', weightShape: [1] } as unknown as Layer

/** A network of one weight w whose logits are (w·x, 0) for the inputs x = 1, 2, 3, …; it counts the forwards it is asked for. */
function host(stochastic: boolean): { context: HostContext; forwards: () => number } {
  let forwards = 0
  const perturbation = definePerturbation({
    name: 'shift',
    family: 'noise',
    version: 1,
    summary: 'Adds to the weight.',
    reference: { title: 'Loadbearing', url: 'https://example.com/' },
    target: 'weights',
    unit: 'added',
    intensities: [1, 2, 3, 4, 5],
    stochastic,
    apply: ({ shape, data }, intensity) =>
      tensor(
        shape,
        data.map((w) => w + intensity),
      ),
  })
  const run = (w: number, count: number) =>
    tensor([count, 2], Array.from({ length: count }, (_, i) => [w * (i + 1), 0]).flat())
  return {
    forwards: () => forwards,
    context: {
      layers: [layer],
      rng: rngFrom('test'),
      examples: 100,
      logits: { logits: async (count = 100) => run(1, count) },
      perturbation: {
        perturbation,
        intensity: 1,
        perturbed: () => perturb(perturbation, tensor([1], [1]), 1, { rng: rngFrom('test'), layer }),
        once: async (_, compute) => compute(rngFrom('test')),
      },
      perturbedForward: {
        perturbedForward: async (_, weight, count) => {
          forwards += count
          return run(weight.data[0]!, count)
        },
      },
    },
  }
}

/** KL between Bernoulli distributions with logits a and b, from the definition. */
function kl(a: number, b: number): number {
  const p = 1 / (1 + Math.exp(-a))
  const q = 1 / (1 + Math.exp(-b))
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q))
}

describe('bounded-kl', () => {
  conformance(boundedKl, it)

  it('is the mean of 1 − exp(−KL) over the budget', async () => {
    const { context } = host(false)
    const outcomes = await scoreLayers(boundedKl, context, { forwards: 2 })
    const expected = [1, 2].map((x) => 1 - Math.exp(-kl(x, 2 * x)))
    expect(outcomes.get('only')?.value).toBeCloseTo((expected[0]! + expected[1]!) / 2, 6)
  })

  it.each([
    { stochastic: false, options: { forwards: 40 }, spent: 40 },
    { stochastic: true, options: { forwards: 40, draws: 4 }, spent: 40 },
    { stochastic: true, options: { forwards: 3, draws: 8 }, spent: 3 },
    { stochastic: false, options: { forwards: 1000 }, spent: 100 },
  ])('spends its budget and no more: $options, stochastic $stochastic', async ({ stochastic, options, spent }) => {
    const { context, forwards } = host(stochastic)
    await scoreLayers(boundedKl, context, options)
    expect(forwards()).toBe(spent)
  })
})
