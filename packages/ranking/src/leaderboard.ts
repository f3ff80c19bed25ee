import { InputError, rngFrom } from '@loadbearing/core'
import { percentileInterval } from './quantile.ts'
import { averageRanks } from './ranks.ts'
import { drawLayers, resampledSpearman } from './resampling.ts'
import { rankScores, type ResamplingOptions, type Task, type TaskRanking } from './task-ranking.ts'
import { taskWeights } from './task-weights.ts'

/** Predictors run no perturbed forward pass, probes do; they are never ranked against each other. */
export type Track = 'predictor' | 'probe'

/** A criterion that takes part. */
export interface Contestant {
  readonly name: string
  readonly track: Track
}

/** One criterion over all tasks that count. Statistics are null where no task counts. */
export interface LeaderboardRow {
  readonly criterion: string
  readonly track: Track
  /** The headline: share of the noise ceiling, aggregated by `taskWeights`. */
  readonly share: number | null
  readonly shareLow: number | null
  readonly shareHigh: number | null
  /** Aggregated like the share. */
  readonly kendall: number | null
  readonly recallTop20: number | null
  readonly ndcg: number | null
  readonly regret: number | null
  /** Plain mean over tasks of the rank among the criteria of its track, 1 the best, ties averaged; a failure is the last rank. */
  readonly meanRank: number | null
  /** Tasks that count. */
  readonly tasks: number
  /** Of these, tasks on which the criterion failed (share 0, last rank). */
  readonly failures: number
  /** Of these, tasks on which all scores were equal (ρ = 0). */
  readonly constants: number
}

/** The two tables, best share first; criteria that tie keep the order they were given in. */
export type Leaderboard = Readonly<Record<Track, readonly LeaderboardRow[]>>

/**
 * The table over the tasks that count; others are ignored. For one kind of truth: call it once for each. To rank on one
 * perturbation or one model, pass its tasks alone. A criterion without scores on a task failed there.
 *
 * Intervals: percentile bootstrap of the headline. Each resample draws, for every family, as many models as it has from its models with
 * replacement (families are kept), and layers with replacement within every drawn model: the same layers for all tasks and criteria
 * of that draw, so that criteria are compared on the same resamples, and one more criterion changes nobody's interval. Ceilings
 * are kept. A resample whose truths or scores are all equal has ρ = 0. A family with one model shows no variation between models: its
 * interval speaks of layers alone.
 *
 * @throws InputError where a model's tasks differ in their number of layers or family, or scores do not fit the layers
 */
export function leaderboard(
  tasks: readonly Task[],
  contestants: readonly Contestant[],
  options: ResamplingOptions,
): Leaderboard {
  const counting = tasks.filter((task): task is CountingTask => task.counts && task.ceiling !== null)
  const weights = taskWeights(counting)
  const rankings = contestants.map(({ name }) => counting.map((task) => rankScores(task, task.scores.get(name))))
  const intervals = bootstrap(counting, weights, contestants, options)
  const aggregate = (column: readonly TaskRanking[], metric: Metric): number | null =>
    counting.length === 0
      ? null
      : column.reduce((sum, ranking, task) => sum + weights[task]! * (ranking[metric] ?? 0), 0)

  const table = (track: Track): LeaderboardRow[] => {
    const members = contestants.flatMap((contestant, index) => (contestant.track === track ? [index] : []))
    const ranks = counting.map((_, task) => ranksOn(members.map((member) => rankings[member]![task]!)))
    const rows = members.map((member, position): LeaderboardRow => {
      const column = rankings[member]!
      return {
        criterion: contestants[member]!.name,
        track,
        share: aggregate(column, 'share'),
        shareLow: intervals?.[member]?.low ?? null,
        shareHigh: intervals?.[member]?.high ?? null,
        kendall: aggregate(column, 'kendall'),
        recallTop20: aggregate(column, 'recallTop20'),
        ndcg: aggregate(column, 'ndcg'),
        regret: aggregate(column, 'regret'),
        meanRank: ranks.length === 0 ? null : ranks.reduce((sum, rank) => sum + rank[position]!, 0) / ranks.length,
        tasks: counting.length,
        failures: column.filter(({ failedLayers }) => failedLayers > 0).length,
        constants: column.filter(({ constant }) => constant).length,
      }
    })
    return rows.sort((a, b) => (b.share ?? -Infinity) - (a.share ?? -Infinity) || 0)
  }
  return { predictor: table('predictor'), probe: table('probe') }
}

type CountingTask = Task & { readonly ceiling: number }
type Metric = 'share' | 'kendall' | 'recallTop20' | 'ndcg' | 'regret'

function ranksOn(rankings: readonly TaskRanking[]): number[] {
  const sound = rankings.filter(({ failedLayers }) => failedLayers === 0)
  const ranks = averageRanks(sound.map(({ share }) => -(share ?? 0))).values()
  return rankings.map(({ failedLayers }) => (failedLayers > 0 ? rankings.length : ranks.next().value!))
}

interface SampledModel {
  readonly layers: number
  readonly family: string
  readonly tasks: { readonly perCeiling: number; readonly correlate: ReturnType<typeof resampledSpearman> }[]
}

function bootstrap(
  tasks: readonly CountingTask[],
  weights: readonly number[],
  contestants: readonly Contestant[],
  { seed, resamples = 1000 }: ResamplingOptions,
): { readonly low: number; readonly high: number }[] | null {
  const models = new Map<string, SampledModel>()
  tasks.forEach((task, index) => {
    const model = models.get(task.model) ?? { layers: task.truth.length, family: task.family, tasks: [] }
    if (model.layers !== task.truth.length || model.family !== task.family) {
      throw new InputError(`The tasks of model '${task.model}' differ in their layers or its family.`, {
        hint: 'Give every layer of the model an entry in the truth, null where it was not measured.',
      })
    }
    const scores = contestants.map(({ name }) => task.scores.get(name))
    model.tasks.push({ perCeiling: weights[index]! / task.ceiling, correlate: resampledSpearman(task.truth, scores) })
    models.set(task.model, model)
  })
  if (tasks.length === 0 || resamples === 0) return null

  const families = [...new Set([...models.values()].map(({ family }) => family))].map((family) =>
    [...models.values()].filter((model) => model.family === family),
  )
  const rng = rngFrom('loadbearing/v1', 'bootstrap', ...seed)
  const shares = contestants.map(() => new Float64Array(resamples))
  for (let resample = 0; resample < resamples; resample++) {
    for (const siblings of families) {
      for (const _ of siblings) {
        const model = siblings[rng.integer(siblings.length)]!
        const layers = drawLayers(model.layers, rng)
        for (const { perCeiling, correlate } of model.tasks) {
          correlate(layers, (criterion, rho) => (shares[criterion]![resample]! += perCeiling * rho))
        }
      }
    }
  }
  return shares.map(percentileInterval)
}
