import type { Perturbation } from '@loadbearing/core'
import type { FetchOptions } from '@loadbearing/zoo'
import type { Surroundings } from './draws.ts'
import { initialWeights } from './initial-weights.ts'
import type { BenchModel } from './model.ts'
import { outputSpreads } from './output-spreads.ts'

/** What some perturbations ask for beside the weights. */
export interface Asked {
  /** Some perturb activations. */
  readonly activations: boolean
  /** Some read the weights before training. */
  readonly initial: boolean
}

export function askedBy(perturbations: readonly Perturbation[]): Asked {
  return {
    activations: perturbations.some(({ target }) => target === 'activations'),
    initial: perturbations.some((perturbation) => perturbation.target === 'weights' && perturbation.needsInitial),
  }
}

/**
 * Reads and computes what is asked for, and nothing else.
 *
 * @throws DatasetError where initial weights cannot be fetched; EngineError when the network fails on calibration images
 */
export async function surroundingsOf(
  model: BenchModel,
  asked: Asked,
  options: FetchOptions = {},
): Promise<Surroundings> {
  return {
    initial: asked.initial ? await initialWeights(model, model.source.reference, options) : new Map(),
    spreads: asked.activations ? await outputSpreads(model) : new Map(),
  }
}
