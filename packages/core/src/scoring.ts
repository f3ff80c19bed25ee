import { z } from 'zod'
import type { AnyCriterion, BaseContext, Capabilities, LayerScores, Need, Score, Unscored } from './criterion.ts'
import { InputError, LoadbearingError, PluginError } from './errors.ts'
import type { Layer } from './layer.ts'
import { equalBytes } from './perturbation.ts'
import type { Tensor } from './tensor.ts'

/** Everything a host can offer; `scoreLayers` passes on what a criterion declared and nothing else. */
export type HostContext = BaseContext & Partial<{ [N in Need]: Capabilities[N] }>

/** A layer's score, or why it has none. */
export type ScoreOutcome = (Score & { readonly reason?: never }) | Unscored

/**
 * The criterion's options with its defaults filled in.
 *
 * @throws InputError naming the option that does not fit
 */
export function parseOptions(
  criterion: Pick<AnyCriterion, 'name' | 'options'>,
  options: unknown,
): Record<string, unknown> {
  const parsed = z.strictObject(criterion.options.shape).safeParse(options)
  if (parsed.success) return parsed.data
  throw new InputError(`Criterion '${criterion.name}' does not take these options: ${z.prettifyError(parsed.error)}`, {
    hint: `Its options: ${Object.keys(criterion.options.shape).join(', ') || 'none'}.`,
  })
}

/**
 * Runs a criterion and holds it to its contract. A failure of the plugin never throws: it becomes the reason of every layer
 * it concerns (it threw, gave no score, gave NaN, changed the weights it was given, or used what it had not declared).
 *
 * @param host one object per need; a need that the host lacks is the reason, not an exception
 * @returns an outcome for every layer, in the order of `host.layers`
 * @throws InputError when `options` do not fit
 */
export async function scoreLayers(
  criterion: AnyCriterion,
  host: HostContext,
  options: unknown = {},
): Promise<Map<string, ScoreOutcome>> {
  const parsed = parseOptions(criterion, options)
  const failAll = (reason: string): Map<string, ScoreOutcome> =>
    new Map(host.layers.map((layer) => [layer.name, { reason }]))

  const missing = criterion.needs.filter((need) => host[need] === undefined)
  if (missing.length > 0) return failAll(`needs ${missing.join(', ')}, which is not available for this model`)

  const loan = lendWeights(host)
  let scores: unknown
  try {
    scores = await criterion.score(contextFor(criterion, { ...host, ...loan.capability }) as never, parsed as never)
  } catch (error) {
    return failAll(
      error instanceof LoadbearingError
        ? error.message
        : `threw: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const changed = loan.changed()
  if (changed) return failAll(`changed the weights it was given (layer '${changed}')`)
  if (!(scores instanceof Map)) return failAll('returned no map from layer name to score')

  const given: LayerScores = scores
  return new Map(host.layers.map((layer) => [layer.name, outcomeOf(given.get(layer.name))]))
}

/** Weights as one copy a layer, and a check that the borrower left them as they were. */
function lendWeights(host: HostContext): {
  capability: Pick<HostContext, 'weights'>
  changed: () => string | undefined
} {
  const source = host.weights
  if (!source) return { capability: {}, changed: () => undefined }
  const lent = new Map<Layer, Tensor>()
  const weights = (layer: Layer): Tensor => {
    const own = lent.get(layer)
    if (own) return own
    const { shape, data } = source.weights(layer)
    const copy: Tensor = { shape, data: data.slice() }
    lent.set(layer, copy)
    return copy
  }
  return {
    capability: { weights: { weights } },
    changed: () => [...lent].find(([layer, copy]) => !equalBytes(copy.data, source.weights(layer).data))?.[0].name,
  }
}

const members: { readonly [N in Need]: readonly (keyof Capabilities[N])[] } = {
  identity: ['model'],
  weights: ['weights'],
  activations: ['activations'],
  labels: ['labels'],
  logits: ['logits'],
  gradients: [
    'gradients',
    'exampleGradients',
    'activationGradients',
    'outputGradients',
    'outputMultipliers',
    'flowGradients',
  ],
  hessian: ['hessianProduct', 'signs'],
  perturbation: ['perturbation', 'intensity', 'perturbed', 'once'],
  perturbedForward: ['perturbedForward'],
}

/** Every word that a criterion may write in `needs`. */
export const needs = Object.keys(members) as [Need, ...Need[]]

/** The declared capabilities, flat; touching any other is an error that names the word missing from `needs`. */
function contextFor(criterion: Pick<AnyCriterion, 'name' | 'needs'>, host: HostContext): object {
  const context = { layers: host.layers, rng: host.rng, examples: host.examples }
  for (const need of needs) {
    if (criterion.needs.includes(need)) {
      Object.assign(context, host[need])
      continue
    }
    for (const member of members[need]) {
      Object.defineProperty(context, member, {
        get() {
          throw new PluginError(`used '${member}' without declaring '${need}' in its needs`)
        },
      })
    }
  }
  return context
}

function outcomeOf(score: Score | Unscored | undefined): ScoreOutcome {
  if (score === undefined) return { reason: 'gave no score for this layer' }
  if (score.value === undefined && 'reason' in score) return { reason: score.reason }
  if (!Number.isFinite(score.value)) return { reason: `gave ${score.value}` }
  if (score.standardError !== undefined && !(score.standardError >= 0))
    return { reason: `gave a standard error of ${score.standardError}` }
  return score
}
