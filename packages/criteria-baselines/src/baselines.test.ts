import { rngFrom, scoreLayers, type AnyCriterion, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { depth } from './depth.ts'
import { macs } from './macs.ts'
import { parameterCount } from './parameter-count.ts'
import { random } from './random.ts'

const layer = (name: string, at: number, parameters: number, multiplies: number): Layer => ({
  name,
  op: 'Conv',
  nodes: [name],
  depth: at,
  weightShape: [parameters],
  outputAxis: 0,
  inputAxis: 1,
  groups: 1,
  parameters,
  macs: multiplies,
  inputShape: [],
  outputShape: [],
})
const layers = [layer('stem', 0, 27, 9000), layer('middle', 1, 500, 4000), layer('head', 2, 100, 100)]

async function scores(criterion: AnyCriterion): Promise<unknown[]> {
  const outcomes = await scoreLayers(criterion, { layers, rng: rngFrom('baselines'), examples: 0 })
  return [...outcomes.values()].map(({ value }) => value)
}

describe('trivial criteria', () => {
  for (const criterion of [random, depth, parameterCount, macs]) conformance(criterion, it)

  it('depth: the earlier, the more important', async () => {
    expect(await scores(depth)).toEqual([2, 1, 0])
  })

  it('parameter-count and macs: as the layer says', async () => {
    expect(await scores(parameterCount)).toEqual([27, 500, 100])
    expect(await scores(macs)).toEqual([9000, 4000, 100])
  })

  it('random: the stream it was given, in order', async () => {
    const rng = rngFrom('baselines')
    expect(await scores(random)).toEqual([rng.uniform(), rng.uniform(), rng.uniform()])
  })
})
