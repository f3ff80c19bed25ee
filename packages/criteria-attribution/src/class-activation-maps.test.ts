import { type Layer, tensor } from '@loadbearing/core'
import { expect, it } from 'vitest'
import { classActivationMaps } from './class-activation-maps.ts'

/** Two examples of two maps of two places; weights of 2 and −1, then 0 and 1. */
const maps = { made: [1, 0, 3, -1, 5, 5, -2, 4], gradient: [1, 3, 0, -2, 1, -1, 1, 1] }
/** The same with the maps along the last axis. */
const tokens = { made: [1, 3, 0, -1, 5, -2, 5, 4], gradient: [1, 0, 3, -2, 1, 1, -1, 1] }

it.each([
  ['Conv', maps, [2, 2, 1, 2]],
  ['MatMul', tokens, [2, 2, 2]],
] as const)('weighs the maps of a %s by their mean gradients, and adds up what is positive', async (op, its, shape) => {
  const of = (values: readonly number[]) => ({ input: tensor([0], []), output: tensor(shape, values) })
  const layer = { name: 'only', op, weightShape: [2, 2], outputAxis: 1 } as unknown as Layer
  const found = await classActivationMaps(
    [layer],
    {
      async *activations() {
        yield new Map([['only', of(its.made)]])
      },
      async *activationGradients() {
        yield { examples: 2, gradients: new Map([['only', of(its.gradient)]]) }
      },
    },
    2,
  )
  // 2 · 1 − 3 < 0 and 2 · 0 + 1; then −2 < 0 and 4.
  expect(found.get('only')).toEqual({ total: 5, places: 2, examples: 2 })
})
