import { z } from 'zod'
import type { AnyCriterion } from './criterion.ts'
import { equalBytes, families, perturb, type Perturbation } from './perturbation.ts'
import { exampleHost, exampleLayers, exampleWeights, layerOf } from './example-network.ts'
import { rngFrom } from './rng.ts'
import { parseOptions, scoreLayers } from './scoring.ts'
import { tensor, type Tensor } from './tensor.ts'

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
  target: z.literal('weights'),
  unit: z.string().min(1),
  intensities: z.array(z.number()).min(5, 'a grid has at least five intensities'),
  stochastic: z.boolean(),
})

function checkDescription(plugin: Perturbation | AnyCriterion): void {
  const parsed = ('apply' in plugin ? perturbationDescription : description).safeParse(plugin)
  expect(parsed.success, parsed.success ? '' : z.prettifyError(parsed.error))
}

function perturbationChecks(perturbation: Perturbation, it: RegisterTest): void {
  const name = perturbation.name
  const strongest = perturbation.intensities.at(-1)!
  const draw = (weight: Tensor, intensity: number, seed: string): Tensor =>
    perturb(perturbation, weight, intensity, { rng: rngFrom('conformance', seed), layer: layerOf(weight) })

  it(`${name}: keeps shape, finiteness and its input, at every intensity and rank`, () => {
    for (const weight of exampleWeights())
      for (const intensity of perturbation.intensities) draw(weight, intensity, 'a')
  })

  it(`${name}: the same seed gives the same bytes`, () => {
    for (const weight of exampleWeights()) {
      expect(
        equalBytes(draw(weight, strongest, 'a').data, draw(weight, strongest, 'a').data),
        'two calls with one seed differ',
      )
    }
  })

  it(`${name}: is ${perturbation.stochastic ? '' : 'not '}stochastic, as declared`, () => {
    const [weight] = exampleWeights()
    const alike = equalBytes(draw(weight, strongest, 'a').data, draw(weight, strongest, 'b').data)
    expect(
      alike !== perturbation.stochastic,
      alike ? 'two seeds give the same bytes' : 'two seeds give different bytes',
    )
  })

  it(`${name}: the grid runs from the weakest to the strongest`, () => {
    const [weight] = exampleWeights()
    const errors = perturbation.intensities.map((intensity) => {
      const seeds = perturbation.stochastic ? ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] : ['a']
      return seeds.reduce((sum, seed) => sum + squaredDistance(weight, draw(weight, intensity, seed)), 0) / seeds.length
    })
    expect(errors.at(-1)! > 0, 'the strongest intensity changes nothing')
    for (let i = 1; i < errors.length; i++) {
      expect(
        errors[i]! >= errors[i - 1]!,
        `intensity ${perturbation.intensities[i]} changes less than the one before it`,
      )
    }
  })

  it(`${name}: bears weights that are all zero, all equal, or one alone`, () => {
    for (const weight of [
      tensor([4, 2], new Array(8).fill(0)),
      tensor([4, 2], new Array(8).fill(0.5)),
      tensor([1, 1], [0.3]),
    ]) {
      for (const intensity of perturbation.intensities) draw(weight, intensity, 'a')
    }
  })
}

function criterionChecks(criterion: AnyCriterion, it: RegisterTest): void {
  const name = criterion.name

  it(`${name}: every option has a default`, () => {
    parseOptions(criterion, {})
  })

  it(`${name}: scores every layer of the example network with a finite number`, async () => {
    const outcomes = await scoreLayers(criterion, exampleHost())
    for (const [layer, outcome] of outcomes) expect(outcome.reason === undefined, `layer '${layer}': ${outcome.reason}`)
  })

  it(`${name}: the same seed gives the same scores`, async () => {
    const [first, second] = [await scoreLayers(criterion, exampleHost()), await scoreLayers(criterion, exampleHost())]
    for (const layer of exampleLayers) {
      expect(first.get(layer.name)?.value === second.get(layer.name)?.value, `two calls differ on '${layer.name}'`)
    }
  })

  it(`${name}: asks for nothing that it did not declare`, async () => {
    const host = exampleHost()
    const needs: readonly string[] = criterion.needs
    const offered = Object.fromEntries(
      Object.entries(host).filter(
        ([member]) => needs.includes(member) || member === 'layers' || member === 'rng' || member === 'examples',
      ),
    )
    const outcomes = await scoreLayers(criterion, {
      layers: host.layers,
      rng: host.rng,
      examples: host.examples,
      ...offered,
    })
    for (const outcome of outcomes.values()) expect(outcome.reason === undefined, outcome.reason ?? '')
  })
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}

function squaredDistance(a: Tensor, b: Tensor): number {
  return a.data.reduce((sum, value, index) => sum + (value - b.data[index]!) ** 2, 0)
}
