import {
  type AnyCriterion,
  type HostContext,
  InputError,
  ModelError,
  type Need,
  running,
  scoreLayers,
  type ScoreOutcome,
} from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { openHost } from '../src/host.ts'
import type { BenchModel } from '../src/model.ts'
import { criteria, perturbations } from '../src/registry.generated.ts'
import { contextOf } from './context-of.ts'
import { convolution, drawn, oneLayer, tinyModel, tinyNetwork, withoutExamples } from './tiny-model.ts'

const plugins = criteria.map(({ plugin }) => plugin)
const perturbationOf = (name: string) => perturbations.find(({ plugin }) => plugin.name === name)!.plugin
const noise = { perturbation: perturbationOf('gaussian-noise'), intensity: 0.4 }

type Outcomes = ReadonlyMap<string, ReadonlyMap<string, ScoreOutcome>>

/** What every criterion says of every layer, one after another: none stops those behind it. */
async function scored(
  model: BenchModel,
  {
    level = noise,
    change = (context) => context,
  }: { level?: typeof noise; change?: (context: HostContext) => HostContext } = {},
): Promise<Outcomes> {
  const outcomes = new Map<string, ReadonlyMap<string, ScoreOutcome>>()
  const host = await openHost(model)
  for (const plugin of plugins) {
    outcomes.set(plugin.name, await scoreLayers(plugin, change(contextOf(host, level, plugin))))
  }
  await host.release()
  return outcomes
}

const needs = (plugin: AnyCriterion, ...some: readonly Need[]): boolean =>
  plugin.needs.some((need) => some.includes(need))

/** Criteria and layers that have neither a finite score nor a reason of the criterion's own. */
function unnamed(outcomes: Outcomes): string[] {
  return [...outcomes].flatMap(([criterion, layers]) =>
    [...layers].flatMap(([layer, { value, reason }]) => {
      const isSound =
        reason === undefined ? Number.isFinite(value) : !/^(gave|threw|returned|changed|used)/.test(reason)
      return isSound ? [] : [`${criterion} of ${layer}: ${reason ?? value}`]
    }),
  )
}

const zeros = convolution.map(() => 0)

describe('every criterion has a score or a reason of its own', () => {
  const networks: Readonly<Record<string, () => Promise<BenchModel>>> = {
    'a network that is sound': () => tinyModel(tinyNetwork()),
    'a network of one layer': () => tinyModel(oneLayer()),
    'a layer of zeros': () => tinyModel(tinyNetwork({ second: zeros })),
    'layers that read nothing but zeros': () => tinyModel(tinyNetwork({ bias: [-100, -100] })),
    'layers that read the same of all examples': () => tinyModel(tinyNetwork({ first: zeros, bias: [100, 100] })),
    'one example': () => tinyModel(tinyNetwork(), { labels: [1] }),
    'one class': () => tinyModel(tinyNetwork(), { labels: [1, 1, 1, 1] }),
  }
  it.each(Object.entries(networks))('of %s', async (_, load) => {
    expect(unnamed(await scored(await load()))).toEqual([])
  })

  it('of a perturbation that leaves the weights alone, or makes them infinite', async () => {
    const model = await tinyModel(tinyNetwork())
    const aware = (outcomes: Outcomes) =>
      plugins.filter((plugin) => needs(plugin, 'perturbation')).map(({ name }) => outcomes.get(name)!)
    const still = await scored(model, { level: { perturbation: perturbationOf('activation-noise'), intensity: 0.5 } })
    for (const layers of aware(still)) {
      expect([...layers.values()].map(({ reason }) => reason)).toEqual(
        Array(3).fill('activation-noise perturbs activations: it leaves the weights as they are.'),
      )
    }
    const wild = perturbationOf('float32-any-bit-flip')
    const outcomes = await scored(model, { level: { perturbation: wild, intensity: wild.intensities.at(-1)! } })
    for (const layers of aware(outcomes)) {
      for (const { value, reason } of layers.values()) expect(reason ?? Number.isFinite(value)).toBeTruthy()
    }
  })
})

describe('what is not a number is in no score', () => {
  it('of an example: who runs the network says so, the others score as ever', async () => {
    const [sound, broken] = [drawn(3, 12 * 32), drawn(3, 12 * 32)]
    broken[40] = NaN
    const expected = await scored(await tinyModel(tinyNetwork(), { examples: sound }))
    const outcomes = await scored(await tinyModel(tinyNetwork(), { examples: broken }))
    for (const plugin of plugins) {
      const layers = outcomes.get(plugin.name)!
      if (!needs(plugin, ...running) || withoutExamples.includes(plugin.name))
        expect(layers).toEqual(expected.get(plugin.name))
      else
        expect(
          [...layers.values()].map(({ value }) => value),
          plugin.name,
        ).toEqual([undefined, undefined, undefined])
    }
  })

  it('of a weight: who reads it has no score of its layer', async () => {
    const poisoned = (context: HostContext): HostContext => ({
      ...context,
      weights: {
        weights: (layer) => {
          const weight = context.weights!.weights(layer)
          if (layer.name !== 'second') return weight
          return { ...weight, data: weight.data.map((value, i) => (i === 3 ? NaN : value)) }
        },
      },
    })
    const outcomes = await scored(await tinyModel(tinyNetwork()), { change: poisoned })
    const readers = plugins.filter((its) => needs(its, 'weights')).map(({ name }) => name)
    expect(readers.filter((name) => outcomes.get(name)!.get('second')?.value !== undefined)).toEqual([])
  })

  it('of a weight in the file: the network is refused, naming it', async () => {
    const second = convolution.map((value, i) => (i === 3 ? NaN : value))
    const refused = tinyModel(tinyNetwork({ second }))
    await expect(refused).rejects.toThrow(ModelError)
    await expect(refused).rejects.toThrow("The tensor 'second' holds NaN at position 3.")
  })
})

it('without labels, who needs them says so, and the others score as ever', async () => {
  const model = await tinyModel(tinyNetwork())
  const expected = await scored(model)
  const outcomes = await scored(model, { change: ({ labels: _, ...context }) => context })
  for (const plugin of plugins) {
    const layers = outcomes.get(plugin.name)!
    if (!needs(plugin, 'labels')) expect(layers).toEqual(expected.get(plugin.name))
    else for (const { reason } of layers.values()) expect(reason).toMatch(/^needs labels, which is not available/)
  }
})

describe('an option out of range is refused by its name', () => {
  const options = plugins.flatMap((plugin) => Object.keys(plugin.options.shape).map((option) => ({ plugin, option })))
  it.each(options.map(({ plugin, option }) => ({ name: `${plugin.name}.${option}`, plugin, option })))(
    '$name',
    async ({ plugin, option }) => {
      const host = await openHost(await tinyModel(oneLayer()))
      for (const value of ['many', NaN, Infinity, -1, null]) {
        const refused = scoreLayers(plugin, contextOf(host, noise, plugin), { [option]: value })
        await expect(refused).rejects.toThrow(InputError)
        await expect(refused).rejects.toThrow(option)
      }
      await host.release()
    },
  )

  it.each(plugins)('$name has no other options', async (plugin) => {
    const refused = scoreLayers(plugin, { layers: [] } as never, { nonsense: 1 })
    await expect(refused).rejects.toThrow(/nonsense/)
  })
})
