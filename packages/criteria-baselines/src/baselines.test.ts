import { rngFrom, scoreLayers, type AnyCriterion, type Layer } from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { depth } from './depth.ts'
import { macs } from './macs.ts'
import { outputSize } from './output-size.ts'
import { parameterCount } from './parameter-count.ts'
import { paramsPerMac } from './params-per-mac.ts'
import { random } from './random.ts'
import { reverseDepth } from './reverse-depth.ts'

const layer = (name: string, at: number, parameters: number, multiplies: number, outputs: number[]): Layer => ({
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
  outputShape: outputs,
})
const layers = [
  layer('stem', 0, 27, 9000, [3, 4, 5]),
  layer('middle', 1, 500, 4000, [8, 2]),
  layer('head', 2, 100, 100, [10]),
]

async function scores(criterion: AnyCriterion): Promise<unknown[]> {
  const outcomes = await scoreLayers(criterion, { layers, rng: rngFrom('baselines'), examples: 0 })
  return [...outcomes.values()].map(({ value }) => value)
}

describe('trivial criteria', () => {
  for (const criterion of [random, depth, reverseDepth, parameterCount, macs, outputSize, paramsPerMac])
    conformance(criterion, it)

  it('depth: the earlier, the more important', async () => {
    expect(await scores(depth)).toEqual([2, 1, 0])
  })

  it('reverse-depth: the later, the more important', async () => {
    expect(await scores(reverseDepth)).toEqual([0, 1, 2])
  })

  it('output-size: the values of one example, 3 · 4 · 5 of the stem', async () => {
    expect(await scores(outputSize)).toEqual([60, 16, 10])
  })

  it('params-per-mac: 1 of a dense layer; none without a multiply-accumulate', async () => {
    expect(await scores(paramsPerMac)).toEqual([27 / 9000, 1 / 8, 1])
    const idle = layer('idle', 0, 5, 0, [0])
    const outcomes = await scoreLayers(paramsPerMac, { layers: [idle], rng: rngFrom('baselines'), examples: 0 })
    expect(outcomes.get('idle')).toEqual({ reason: 'multiplies nothing' })
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
