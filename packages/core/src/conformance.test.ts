import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { conformance } from './conformance.ts'
import { byLayer, defineCriterion } from './criterion.ts'
import { definePerturbation, type WeightPerturbation } from './perturbation.ts'
import { tensor } from './tensor.ts'

const about = { version: 1, reference: { title: 'Loadbearing', url: 'https://example.com/' } }

const good: WeightPerturbation = definePerturbation({
  ...about,
  name: 'shrink',
  family: 'reset',
  summary: 'Shrinks every weight.',
  target: 'weights',
  unit: 'share taken off',
  intensities: [0.1, 0.2, 0.3, 0.4, 0.5],
  stochastic: false,
  apply: ({ shape, data }, intensity) =>
    tensor(
      shape,
      data.map((value) => value * (1 - intensity)),
    ),
})

/** The names of the checks that a plugin fails. */
async function failures(plugin: Parameters<typeof conformance>[0]): Promise<string[]> {
  const failed: string[] = []
  const checks: [string, () => void | Promise<void>][] = []
  conformance(plugin, (name, run) => checks.push([name, run]))
  for (const [name, run] of checks) {
    try {
      await run()
    } catch (error) {
      failed.push(`${name.replace(/^[^:]*: /, '')}: ${error instanceof Error ? error.message : ''}`)
    }
  }
  return failed
}

const louder = definePerturbation({
  ...about,
  name: 'louder',
  family: 'noise',
  summary: 'Adds noise to what a layer makes.',
  target: 'activations',
  unit: 'σ / std',
  intensities: [0.1, 0.2, 0.3, 0.4, 0.5],
  stochastic: true,
  apply: ({ shape, data }, intensity, { rng, std }) =>
    tensor(
      shape,
      data.map((value) => value + intensity * std * rng.normal()),
    ),
})

describe('a sound plugin passes', () => {
  conformance(good, it)
  conformance(louder, it)
  conformance(
    defineCriterion({
      ...about,
      name: 'size',
      summary: 'Counts weights.',
      needs: ['weights'],
      options: z.object({}),
      score: ({ layers, weights }) => byLayer(layers, (layer) => weights(layer).data.length),
    }),
    it,
  )
})

describe('an unsound plugin fails the check that names its fault', () => {
  const bad: [string, Partial<WeightPerturbation>, RegExp][] = [
    ['a name that is not kebab-case', { name: 'Shrink It' }, /kebab-case/],
    ['a grid of three', { intensities: [0.1, 0.2, 0.3] }, /at least five/],
    ['a grid from strong to weak', { intensities: [0.5, 0.4, 0.3, 0.2, 0.1] }, /changes less than the one before/],
    [
      'a draw that ignores its seed',
      {
        apply: ({ shape, data }) =>
          tensor(
            shape,
            data.map(() => Math.random()),
          ),
      },
      /two calls with one seed differ/,
    ],
    ['stochastic on paper only', { stochastic: true }, /two seeds give the same bytes/],
    [
      'a perturbation that does nothing',
      { apply: ({ shape, data }) => tensor(shape, data.slice()) },
      /changes nothing/,
    ],
    [
      'an overflow that it does not declare',
      {
        apply: ({ shape, data }) =>
          tensor(
            shape,
            data.map(() => Infinity),
          ),
      },
      /infinite/,
    ],
    [
      'division by zero',
      {
        apply: ({ shape, data }) =>
          tensor(
            shape,
            data.map((value) => value / Math.max(...data.map(Math.abs))),
          ),
      },
      /NaN/,
    ],
  ]
  it.each(bad)('%s', async (_, fault, message) => {
    expect((await failures({ ...good, ...fault })).join('\n')).toMatch(message)
  })

  it('activations that stay as they are', async () => {
    const still = {
      ...louder,
      apply: ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => tensor(shape, data.slice()),
    }
    expect((await failures(still)).join()).toMatch(/changes nothing/)
  })

  it('a criterion that draws from outside its stream', async () => {
    const unseeded = defineCriterion({
      ...about,
      name: 'unseeded',
      summary: 'Draws from nowhere.',
      needs: [],
      options: z.object({}),
      score: ({ layers }) => byLayer(layers, () => Math.random()),
    })
    expect((await failures(unseeded)).join()).toMatch(/two calls differ/)
  })

  it('a criterion that takes the mean of batches for that of the examples', async () => {
    const unweighted = defineCriterion({
      ...about,
      name: 'unweighted',
      summary: 'Averages batches.',
      needs: ['gradients', 'labels'],
      options: z.object({}),
      async score({ layers, gradients }) {
        const sums = layers.map(() => 0)
        let batches = 0
        for await (const batch of gradients()) {
          layers.forEach(({ name }, l) => (sums[l]! += batch.gradients.get(name)!.data[0]!))
          batches++
        }
        return byLayer(layers, ({ depth }) => sums[depth]! / batches)
      },
    })
    expect(await failures(unweighted)).toEqual([
      expect.stringMatching(
        /^does not depend on how many examples it is handed at once: 'dense1\.weight' scores .* in batches of 7$/,
      ),
    ])
  })

  it('a criterion that writes to what others are lent, too', async () => {
    const scribbling = defineCriterion({
      ...about,
      name: 'scribbling',
      summary: 'Takes magnitudes in place.',
      needs: ['activations'],
      options: z.object({}),
      async score({ layers, activations }) {
        for await (const batch of activations()) {
          for (const { output } of batch.values()) output.data.forEach((value, i) => (output.data[i] = Math.abs(value)))
        }
        return byLayer(layers, () => 1)
      },
    })
    expect(await failures(scribbling)).toEqual([
      'leaves what it is lent as it is: it wrote to a tensor that activations() had lent to it and others',
    ])
  })

  const excusing = (reasonFor: (layer: number) => string | undefined, value: number) =>
    defineCriterion({
      ...about,
      name: 'excusing',
      summary: 'Says why it does not score.',
      needs: [],
      options: z.object({}),
      score: ({ layers }) =>
        byLayer(layers, ({ depth }) => {
          const reason = reasonFor(depth)
          return reason === undefined ? value : { reason }
        }),
    })

  it('a criterion that has a reason of its own for every layer', async () => {
    expect(await failures(excusing((depth) => (depth === 1 ? undefined : 'not square'), 1))).toEqual([])
    expect(await failures(excusing(() => 'no time', 1))).toEqual([
      expect.stringMatching(/^scores the example network's layers .*: it has a score for no layer: no time$/),
    ])
  })

  it('a criterion whose score is no number, though it has a reason for another layer', async () => {
    const failed = await failures(excusing((depth) => (depth === 1 ? undefined : 'not square'), NaN))
    expect(failed.join()).toMatch(/layer 'dense2\.weight': gave NaN/)
  })

  it('a criterion that has a reason only where it is handed few examples at once', async () => {
    const choosy = defineCriterion({
      ...about,
      name: 'choosy',
      summary: 'Wants all at once.',
      needs: ['activations'],
      options: z.object({}),
      async score({ layers, activations, examples }) {
        let batches = 0
        for await (const batch of activations()) batches += Number(batch.size > 0)
        return byLayer(layers, () => (batches > 1 ? { reason: 'too few' } : examples))
      },
    })
    expect(await failures(choosy)).toContainEqual(expect.stringMatching(/in batches of one size alone: too few/))
  })

  it('a criterion with an option that has no default', async () => {
    const demanding = defineCriterion({
      ...about,
      name: 'demanding',
      summary: 'Wants to be told.',
      needs: [],
      options: z.object({ power: z.number() }),
      score: ({ layers }, { power }) => byLayer(layers, () => power),
    })
    expect((await failures(demanding)).join()).toMatch(/power/)
  })
})
