import { z } from 'zod'
import type { AnyCriterion, LayerScores } from './criterion.ts'
import { equalBytes, families, perturb, type Perturbation } from './perturbation.ts'
import {
  exampleActivation,
  exampleHost,
  exampleInitial,
  exampleLayers,
  exampleWeights,
  layerOf,
} from './example-network.ts'
import type { Layer } from './layer.ts'
import { rngFrom } from './rng.ts'
import { parseOptions, scoreLayers } from './scoring.ts'
import { tensor, type Tensor } from './tensor.ts'
import { watched } from './watched-host.ts'

/** Registers one test: the `it` of vitest, jest, mocha or node:test. */
export type RegisterTest = (name: string, run: () => void | Promise<void>) => unknown

/**
 * Registers every check that a plugin must pass. One line in a plugin's test runs it all:
 *
 *     import { it } from 'vitest'
 *     conformance(gaussianNoise, it)
 */
export function conformance(plugin: Perturbation | AnyCriterion, it: RegisterTest): void {
  it(`${plugin.name}: describes itself`, () => checkDescription(plugin))
  if ('apply' in plugin) perturbationChecks(plugin, it)
  else criterionChecks(plugin, it)
}

const description = z.object({
  name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be kebab-case'),
  version: z.int().positive(),
  summary: z.string().regex(/^[A-Z].*\.$/su, 'must be a sentence'),
  reference: z.object({ title: z.string().min(3), url: z.url({ protocol: /^https$/ }) }),
})

const perturbationDescription = description.extend({
  family: z.enum(families),
  target: z.enum(['weights', 'activations']),
  unit: z.string().min(1),
  intensities: z.array(z.number()).min(5, 'a grid has at least five intensities'),
  stochastic: z.boolean(),
  nonFinite: z.boolean().optional(),
  needsInitial: z.boolean().optional(),
})

function checkDescription(plugin: Perturbation | AnyCriterion): void {
  const parsed = ('apply' in plugin ? perturbationDescription : description).safeParse(plugin)
  expect(parsed.success, parsed.success ? '' : z.prettifyError(parsed.error))
}

/** A tensor to perturb and the layer it belongs to. */
interface Subject {
  readonly tensor: Tensor
  readonly layer: Layer
}

function perturbationChecks(perturbation: Perturbation, it: RegisterTest): void {
  const { name, target, intensities } = perturbation
  const strongest = intensities.at(-1)!
  const layers = exampleWeights().map(layerOf)
  const subjects = layers.map((layer, i): Subject => ({
    tensor: target === 'weights' ? exampleWeights()[i]! : exampleActivation(layer),
    layer,
  })) as [Subject, ...Subject[]]
  const [first] = subjects
  const draw = ({ tensor: original, layer }: Subject, intensity: number, seed: string): Tensor => {
    const rng = rngFrom('conformance', seed)
    return perturbation.target === 'weights'
      ? perturb(perturbation, original, intensity, { rng, layer, initial: exampleInitial(layer) })
      : perturb(perturbation, original, intensity, { rng, layer, ...spreadOf(original) })
  }

  it(`${name}: keeps shape, finiteness and its input, at every intensity and rank`, () => {
    for (const subject of subjects) for (const intensity of intensities) draw(subject, intensity, 'a')
  })

  it(`${name}: the same seed gives the same bytes`, () => {
    for (const subject of subjects) {
      expect(
        equalBytes(draw(subject, strongest, 'a').data, draw(subject, strongest, 'a').data),
        'two calls with one seed differ',
      )
    }
  })

  it(`${name}: is ${perturbation.stochastic ? '' : 'not '}stochastic, as declared`, () => {
    const alike = equalBytes(draw(first, strongest, 'a').data, draw(first, strongest, 'b').data)
    expect(
      alike !== perturbation.stochastic,
      alike ? 'two seeds give the same bytes' : 'two seeds give different bytes',
    )
  })

  it(`${name}: the grid runs from the weakest to the strongest`, () => {
    const seeds = perturbation.stochastic ? Array.from({ length: 32 }, (_, seed) => String(seed)) : ['a']
    const changes = intensities.map((intensity) =>
      seeds.reduce((sum, seed) => sum + changeOf(first.tensor, draw(first, intensity, seed)), 0),
    )
    expect(changes.at(-1)! > 0, 'the strongest intensity changes nothing')
    for (let i = 1; i < changes.length; i++) {
      expect(changes[i]! >= changes[i - 1]!, `intensity ${intensities[i]} changes less than the one before it`)
    }
  })

  it(`${name}: bears ${target} that are all zero, all equal, or one alone`, () => {
    for (const [shape, values] of [
      [[4, 2], new Array<number>(8).fill(0)],
      [[4, 2], new Array<number>(8).fill(0.5)],
      [[1, 1], [0.3]],
    ] as const) {
      const original = tensor(shape, values)
      for (const intensity of intensities) draw({ tensor: original, layer: layerOf(original) }, intensity, 'a')
    }
  })
}

/** Lowest and highest value and standard deviation, as a calibration on this one example would find them. */
function spreadOf({ data }: Tensor): { range: { low: number; high: number }; std: number } {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length
  return {
    range: { low: Math.min(...data), high: Math.max(...data) },
    std: Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length),
  }
}

function criterionChecks(criterion: AnyCriterion, it: RegisterTest): void {
  const name = criterion.name

  it(`${name}: every option has a default`, () => {
    parseOptions(criterion, {})
  })

  it(`${name}: scores the example network's layers with finite numbers, or says itself why not one of them`, async () => {
    const { criterion: watched, excused } = withExcuses(criterion)
    const outcomes = await scoreLayers(watched, exampleHost())
    for (const [layer, { reason }] of outcomes) {
      expect(reason === undefined || excused.has(layer), `layer '${layer}': ${reason}`)
    }
    const isOfUse = [...outcomes.values()].some(({ value }) => value !== undefined)
    expect(isOfUse, `it has a score for no layer: ${[...excused.values()][0]}`)
  })

  it(`${name}: the same seed gives the same scores`, async () => {
    const [first, second] = [await scoreLayers(criterion, exampleHost()), await scoreLayers(criterion, exampleHost())]
    for (const layer of exampleLayers) {
      expect(first.get(layer.name)?.value === second.get(layer.name)?.value, `two calls differ on '${layer.name}'`)
    }
  })

  it(`${name}: does not depend on how many examples it is handed at once`, async () => {
    const whole = await scoreLayers(criterion, exampleHost())
    const parts = await scoreLayers(criterion, exampleHost(7))
    for (const [layer, { value: one, reason }] of whole) {
      const its = parts.get(layer)
      expect(its?.reason === reason, `'${layer}' has a score in batches of one size alone: ${its?.reason ?? reason}`)
      const other = its?.value
      if (one === undefined || other === undefined) continue
      expect(Math.abs(one - other) <= 1e-4 * Math.abs(one), `'${layer}' scores ${one}, or ${other} in batches of 7`)
    }
  })

  it(`${name}: leaves what it is lent as it is`, async () => {
    const { host, changed } = watched(exampleHost())
    await scoreLayers(criterion, host)
    expect(changed() === undefined, `it wrote to a tensor that ${changed()}() had lent to it and others`)
  })

  it(`${name}: asks for nothing that it did not declare`, async () => {
    const host = exampleHost()
    const needs: readonly string[] = criterion.needs
    const { layers, rng, examples } = host
    const offered = Object.fromEntries(Object.entries(host).filter(([member]) => needs.includes(member)))
    const { criterion: watched, excused } = withExcuses(criterion)
    const outcomes = await scoreLayers(watched, { layers, rng, examples, ...offered })
    for (const [layer, { reason }] of outcomes) expect(reason === undefined || excused.has(layer), reason ?? '')
  })
}

/** The criterion, and once it has scored, its own reasons by layer: what it threw or gave wrongly is none of them. */
function withExcuses(criterion: AnyCriterion): { criterion: AnyCriterion; excused: ReadonlyMap<string, string> } {
  const excused = new Map<string, string>()
  const watched: AnyCriterion = {
    ...criterion,
    async score(context, options) {
      const scores = await criterion.score(context, options)
      if (scores instanceof Map) {
        for (const [layer, score] of scores as LayerScores) if ('reason' in score) excused.set(layer, score.reason)
      }
      return scores
    },
  }
  return { criterion: watched, excused }
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}

/** How far a tensor is from another: each value's distance bounded, so that one flipped exponent does not outweigh all others. */
function changeOf(a: Tensor, b: Tensor): number {
  const { std } = spreadOf(a)
  return a.data.reduce((sum, value, index) => {
    const squared = ((value - b.data[index]!) / std) ** 2
    return sum + (Number.isFinite(squared) ? squared / (1 + squared) : 1)
  }, 0)
}
