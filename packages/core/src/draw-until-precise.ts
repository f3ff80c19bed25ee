import { z } from 'zod'
import { byLayer, type Capabilities, type LayerScores, type Score, type Unscored } from './criterion.ts'
import type { Layer } from './layer.ts'
import { meanOfDraws } from './mean-of-draws.ts'

/** Fewer draws say too little of their own spread. */
const fewest = 8

/** A check after every draw finds the luckiest one: a single check is not enough. */
const inARow = 2

/** When to stop. */
export interface Precision {
  /** Draws, at most. */
  readonly draws: number
  /** The largest standard error of any layer, as a share of the spread between layers: the standard deviation of their scores. */
  readonly precision: number
}

/** The options of a criterion that draws until it is precise, with the default of the cap. */
export const precisionOptions = (draws: number) => ({
  draws: z.int().min(fewest).default(draws).describe('random draws, at most'),
  precision: z.number().positive().default(0.1).describe('largest standard error, as share of the spread of layers'),
})

/**
 * Draws until the scores are precise, two draws in a row from the eighth on, or the most are drawn: then every score is flagged as
 * capped. The rule knows the errors by their own estimates alone, which may be small by chance. In a simulation of one uncertain
 * layer that needs 64 draws, its error was more than a quarter too large in 4 % of runs where draws are normal and in none where
 * they take two values (8 and 12 % where four draws and one check are enough). A single layer has no spread and ends capped, unless
 * all its draws agree.
 *
 * @param draw a value of every layer, by layer name; draws are independent
 * @param score what the draws of a layer come to: their mean by default
 */
export async function drawUntilPrecise(
  layers: readonly Layer[],
  { draws, precision }: Precision,
  draw: (index: number) => ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>,
  score: (draws: readonly number[], layer: Layer) => Score | Unscored = meanOfDraws,
): Promise<LayerScores> {
  const drawn = new Map(layers.map(({ name }): [string, number[]] => [name, []]))
  const scoreOf = (layer: Layer): Score | Unscored => score(drawn.get(layer.name)!, layer)
  let precise = 0
  for (let index = 0; index < draws && precise < inARow; index++) {
    const values = await draw(index)
    for (const [name, its] of drawn) its.push(values.get(name) ?? NaN)
    if (index + 1 >= fewest) precise = arePrecise(layers.map(scoreOf), precision) ? precise + 1 : 0
  }
  return byLayer(layers, (layer) => {
    const its = scoreOf(layer)
    return its.value !== undefined && precise < inARow ? { ...its, capped: true } : its
  })
}

/** `drawUntilPrecise` where all that is random is the perturbation: of a deterministic one, a single draw says all. */
export async function drawPerturbation(
  { layers, perturbation }: { readonly layers: readonly Layer[] } & Pick<Capabilities['perturbation'], 'perturbation'>,
  precision: Precision,
  draw: (index: number) => ReadonlyMap<string, number>,
  score: (draws: readonly number[], layer: Layer) => Score | Unscored = meanOfDraws,
): Promise<LayerScores> {
  if (perturbation.stochastic) return drawUntilPrecise(layers, precision, draw, score)
  const values = draw(0)
  return byLayer(layers, (layer) => score([values.get(layer.name)!], layer))
}

/** Whether no layer's standard error is larger than this share of the spread between layers; one without a finite score has no say. */
export function arePrecise(scores: readonly (Score | Unscored)[], precision: number): boolean {
  const finite = scores.filter((its): its is Score => Number.isFinite(its.value))
  const mean = finite.reduce((sum, { value }) => sum + value, 0) / finite.length
  const squares = finite.reduce((sum, { value }) => sum + (value - mean) ** 2, 0)
  const spread = Math.sqrt(squares / Math.max(1, finite.length - 1))
  return finite.every(({ standardError = 0 }) => standardError <= precision * spread)
}
