import { type AnyCriterion, isPerturbationAware, type ScoreOutcome, scoreLayers } from '@loadbearing/core'
import type { FetchOptions } from '@loadbearing/zoo'
import { type Effort, type Metered, noCost, withCost } from './cost.ts'
import { type Host, type Level, openHost, type Passes } from './host.ts'
import { initialWeights } from './initial-weights.ts'
import type { BenchModel } from './model.ts'
import { criteria as registered } from './registry.generated.ts'
import { type Ask, sideBySide } from './side-by-side.ts'
import { askedBy } from './surroundings.ts'

/** A criterion with all its options. */
export interface AskedCriterion {
  readonly plugin: AnyCriterion
  readonly options: Readonly<Record<string, unknown>>
}

/** What a criterion said of a model's layers: once, or at every level. */
export interface Scored<L extends Level> {
  readonly outcomes: readonly { readonly level: L | undefined; readonly layers: ReadonlyMap<string, ScoreOutcome> }[]
  /** What it would have cost alone. */
  readonly cost: Metered & Effort
}

interface ScoreModelOptions<L extends Level> extends FetchOptions {
  /** Images that an engine is given at once. */
  readonly batch?: number | undefined
  /** @param criterion its place among those that were asked for */
  readonly onDone: (criterion: number, scored: Scored<L>) => void
}

/**
 * Scores a model's layers by criteria. Those of the registry run side by side and share passes through the network: what one of
 * them is lent is lent to others, and the conformance suite holds them to leave it as it is. Nobody knows that of any other
 * criterion, so that it runs by itself.
 *
 * @returns how many images the network was run on, and how many the criteria asked for
 * @throws the signal's reason when aborted; criteria that were done by then have been handed over
 */
export async function scoreModel<L extends Level>(
  model: BenchModel,
  criteria: readonly AskedCriterion[],
  levels: readonly L[],
  { batch, onDone, ...fetching }: ScoreModelOptions<L>,
): Promise<Passes> {
  const needsInitial =
    criteria.some(({ plugin }) => isPerturbationAware(plugin)) &&
    askedBy(levels.map(({ perturbation }) => perturbation)).initial
  const initial = needsInitial ? await initialWeights(model, model.source.reference, fetching) : undefined
  const all = [...criteria.entries()].map(([place, criterion]) => ({ place, ...criterion }))
  const isRegistered = ({ plugin }: AskedCriterion): boolean => registered.some((its) => its.plugin === plugin)
  const groups = [all.filter(isRegistered), ...all.filter((its) => !isRegistered(its)).map((its) => [its])]

  const host = await openHost(model, { initial, batch })
  try {
    for (const group of groups) {
      await scoreTogether(host, group, levels, fetching.signal, (i, scored) => {
        onDone(group[i]!.place, scored)
      })
    }
    return host.passes()
  } finally {
    await host.release()
  }
}

/** Level by level, as the weights of a level are perturbed once for all; the criteria that depend on none run beside the first. */
async function scoreTogether<L extends Level>(
  host: Host,
  criteria: readonly AskedCriterion[],
  levels: readonly L[],
  signal: AbortSignal | undefined,
  onDone: (criterion: number, scored: Scored<L>) => void,
): Promise<void> {
  const all = criteria.map(({ plugin, options }) => ({
    plugin,
    options,
    offer: host.offer(plugin),
    levels: isPerturbationAware(plugin) ? levels : [undefined],
    outcomes: [] as Scored<L>['outcomes'][number][],
    cost: noCost,
  }))
  for (let round = 0; round < Math.max(1, levels.length); round++) {
    const present = [...all.entries()].filter(([, its]) => round < its.levels.length)
    const works = present.map(
      ([, { plugin, options, offer, levels: at }]) =>
        (ask: Ask) =>
          scoreLayers(plugin, offer.context(ask, at[round]), options),
    )
    await sideBySide(works, {
      signal,
      onDone(work, layers, cost) {
        const [criterion, its] = present[work]!
        its.outcomes.push({ level: its.levels[round], layers })
        its.cost = withCost(its.cost, cost)
        if (its.outcomes.length < its.levels.length) return
        onDone(criterion, { outcomes: its.outcomes, cost: { ...its.cost, ...its.offer.effort() } })
      },
    })
  }
}
