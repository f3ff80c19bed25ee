import { type AnyCriterion, type Layer, rngFrom, scoreLayers, type ScoreOutcome, tensor } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { synflowMean } from './synflow-mean.ts'
import { synflow } from './synflow.ts'

/** Of a layer of two weights. */
async function outcomeOf(
  criterion: AnyCriterion,
  weights: readonly number[],
  flow: readonly number[],
): Promise<ScoreOutcome> {
  const unasked = (): never => {
    throw new Error('not asked for')
  }
  const outcomes = await scoreLayers(criterion, {
    layers: [{ name: 'only', weightShape: [1, 2] } as unknown as Layer],
    rng: rngFrom('test'),
    examples: 1,
    weights: { weights: () => tensor([1, 2], weights) },
    gradients: {
      gradients: unasked,
      exampleGradients: unasked,
      activationGradients: unasked,
      outputGradients: unasked,
      outputMultipliers: unasked,
      flowGradients: async () => new Map([['only', tensor([1, 2], flow)]]),
    },
  })
  return outcomes.get('only')!
}

describe('criteria of synaptic flow', () => {
  for (const criterion of [synflow, synflowMean]) conformance(criterion, it)

  it('sum or average weight times gradient, by magnitude: 3 · 2 + 4 · 5', async () => {
    expect(await outcomeOf(synflow, [3, -4], [2, 5])).toEqual({ value: 26 })
    expect(await outcomeOf(synflowMean, [3, -4], [2, 5])).toEqual({ value: 13 })
    // Through one way to be taken off: no less of a flow.
    expect(await outcomeOf(synflow, [3, -4], [-2, 5])).toEqual({ value: 26 })
  })

  it('are 0 of weights of zero, and have a reason where no weight makes a difference', async () => {
    expect(await outcomeOf(synflow, [0, 0], [2, 5])).toEqual({ value: 0 })
    const reason = 'nothing flows through it: what follows is saturated'
    expect(await outcomeOf(synflow, [3, -4], [0, 0])).toEqual({ reason })
  })

  it('have a reason and no score where the flow is larger than float32 can hold', async () => {
    const reason = 'its flow is larger than float32 can hold'
    for (const criterion of [synflow, synflowMean]) {
      expect(await outcomeOf(criterion, [3, -4], [Infinity, 5])).toEqual({ reason })
      expect(await outcomeOf(criterion, [0, -4], [Infinity, 5])).toEqual({ reason })
      expect(await outcomeOf(criterion, [3, -4], [NaN, 5])).toEqual({ reason })
    }
  })
})
