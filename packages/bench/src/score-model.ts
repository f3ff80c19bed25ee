import { type AnyCriterion, isPerturbationAware, type ScoreOutcome, scoreLayers } from '@loadbearing/core'
import type { FetchOptions } from '@loadbearing/zoo'
import { type Cost, noCost, withCost } from './cost.ts'
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
  readonly cost: Cost
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
      const [aware, unaware] = [true, false].map((its) =>
        group.filter(({ plugin }) => isPerturbationAware(plugin) === its),
      )
      for (const [asked, at] of [
        [unaware!, [undefined]],
        [aware!, levels],
      ] as const) {
        await scoreTogether(host, asked, at, fetching.signal, (i, scored) => {
          onDone(asked[i]!.place, scored)
        })
      }
    }
    return host.passes()
  } finally {
    await host.release()
  }
}

/** @param levels one after the other; undefined for criteria that do not depend on them */
async function scoreTogether<L extends Level>(
  host: Host,
  criteria: readonly AskedCriterion[],
  levels: readonly (L | undefined)[],
  signal: AbortSignal | undefined,
  onDone: (criterion: number, scored: Scored<L>) => void,
): Promise<void> {
  const offers = criteria.map(({ plugin }) => host.offer(plugin))
  const outcomes = criteria.map((): Scored<L>['outcomes'][number][] => [])
  const costs = criteria.map(() => noCost)
  for (const level of levels) {
    const works = criteria.map(
      ({ plugin, options }, i) =>
        (ask: Ask) =>
          scoreLayers(plugin, offers[i]!.context(ask, level), options),
    )
    await sideBySide(works, {
      signal,
      onDone(i, layers, cost) {
        outcomes[i]!.push({ level, layers })
        costs[i] = withCost(costs[i]!, cost)
        if (outcomes[i]!.length < levels.length) return
        const { seconds, cpuSeconds, peakMemory } = costs[i]
        onDone(i, {
          outcomes: outcomes[i]!,
          cost: { seconds, cpuSeconds, peakMemory, ...offers[i]!.effort(), threads: 1 },
        })
      },
    })
  }
}
