import { running, scoreLayers } from '@loadbearing/core'
import type { Split } from '@loadbearing/zoo'
import { expect, it } from 'vitest'
import { openHost } from '../src/host.ts'
import { criteria, perturbations } from '../src/registry.generated.ts'
import { contextOf } from './context-of.ts'
import { drawn, tinyModel, tinyNetwork, withoutExamples } from './tiny-model.ts'

const { plugin: perturbation } = perturbations.find(({ plugin }) => plugin.name === 'gaussian-noise')!

/** What all criteria say where the test images are others: as numbers from which nothing is left out. */
async function scoresBeside(test: readonly number[] | 'unreadable'): Promise<{ scores: unknown; opened: Set<Split> }> {
  const opened = new Set<Split>()
  const calibration = await tinyModel(tinyNetwork())
  const truth = test === 'unreadable' ? undefined : await tinyModel(tinyNetwork(), { examples: test })
  const host = await openHost({
    ...calibration,
    images: async (split) => {
      opened.add(split)
      if (split === 'calibration') return calibration.images(split)
      if (truth) return truth.images(split)
      throw new Error('the test images were opened')
    },
  })
  const scores = []
  for (const { plugin } of criteria) {
    const context = contextOf(host, { perturbation, intensity: 0.4 }, plugin)
    scores.push([plugin.name, ...(await scoreLayers(plugin, context))])
  }
  await host.release()
  return { scores, opened }
}

it('no criterion of the registry can tell one test set from another, or from none that can be opened', async () => {
  const count = 12 * 32
  const [some, others, none] = [
    await scoresBeside(drawn(3, count)),
    await scoresBeside(drawn(5, count).map((value) => 1000 * value)),
    await scoresBeside('unreadable'),
  ]
  expect(others.scores).toEqual(some.scores)
  expect(none.scores).toEqual(some.scores)
  for (const { opened } of [some, others, none]) expect([...opened]).toEqual(['calibration'])
})

it('and each of them that runs the network on them can tell one calibration set from another', async () => {
  const scoresOn = async (seed: number) => {
    const host = await openHost(await tinyModel(tinyNetwork(), { examples: drawn(seed, 12 * 32) }))
    const scores = new Map<string, string>()
    for (const { plugin } of criteria.filter(({ plugin: { needs } }) => running.some((need) => needs.includes(need)))) {
      const outcomes = await scoreLayers(plugin, contextOf(host, { perturbation, intensity: 0.4 }, plugin))
      scores.set(plugin.name, JSON.stringify([...outcomes]))
    }
    await host.release()
    return scores
  }
  const [one, another] = [await scoresOn(3), await scoresOn(5)]
  const blind = [...one].filter(([name, scores]) => another.get(name) === scores).map(([name]) => name)
  // Three layers may well have the same ranks on both.
  const ofRanks = criteria.filter(({ module }) => module.endsWith('-ensembles')).map(({ plugin }) => plugin.name)
  expect(blind.filter((name) => !ofRanks.includes(name))).toEqual(withoutExamples)
})
