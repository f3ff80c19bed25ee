import { rngFrom } from '@loadbearing/core'
import { kendallTauB, spearman } from './correlation.ts'
import { measuredLayers } from './measured-layers.ts'
import { ndcg } from './ndcg.ts'
import type { LayerScoreValues } from './pooled-scores.ts'
import { percentileInterval } from './quantile.ts'
import { isConstant } from './ranks.ts'
import { drawLayers, resampledSpearman } from './resampling.ts'
import { regret, topRecall } from './top-layers.ts'

/** One ranking problem: what was measured, and what every criterion said. Plain values; the site holds nothing more. */
export interface Task {
  readonly model: string
  /** The model's architecture family. */
  readonly family: string
  readonly perturbation: string
  /** The group of alike perturbations. */
  readonly group: string
  /** Pooled truth of every layer of the model, in its order; null where not measured. The same layers in all tasks of a model. */
  readonly truth: readonly (number | null)[]
  readonly ceiling: number | null
  /** Whether the task counts for the headline. */
  readonly counts: boolean
  /** The scores of each criterion by its name, a score a layer of the model: those of this task where it is perturbation-aware. */
  readonly scores: ReadonlyMap<string, LayerScoreValues>
}

/** How well one criterion orders the layers of one task. All null where the task has no measured layer. */
export interface TaskRanking {
  readonly spearman: number | null
  /** ρ / ceiling: not clipped, may exceed 1 by chance. Null where the ceiling is unknown; 0 for a failed criterion. */
  readonly share: number | null
  readonly kendall: number | null
  readonly recallTop20: number | null
  readonly ndcg: number | null
  /** In the unit of the truth, a mean over the protected layers. */
  readonly regret: number | null
  /** Whether the criterion gave every layer the same score. */
  readonly constant: boolean
  /** Measured layers without a finite score. Above 0, the criterion failed on this task. */
  readonly failedLayers: number
  /** Why it failed, or why nothing can be ranked. */
  readonly reason?: string
}

/** A ranking with the 95 % interval of its share. */
export interface TaskRankingWithInterval extends TaskRanking {
  readonly shareLow: number | null
  readonly shareHigh: number | null
}

export interface ResamplingOptions {
  /** Names the stream of resamples. */
  readonly seed: readonly (string | number)[]
  /** Bootstrap resamples; with 0 there is no interval. */
  readonly resamples?: number
}

/**
 * Judges the scores of one criterion against the truth of one task, over the layers that were measured.
 *
 * Constant scores know nothing and get ρ = 0 and a flag. A criterion that lacks a finite score for any measured layer, or all of
 * them, failed: it is judged as if constant (so share 0, τ 0, and recall, NDCG and regret of picking at random), whatever it said
 * of the other layers, and `failedLayers` and `reason` say so. A leaderboard puts it on the last rank.
 *
 * @throws InputError where scores and truth are not about the same number of layers
 */
export function rankScores(task: Pick<Task, 'truth' | 'ceiling'>, scores: LayerScoreValues | undefined): TaskRanking {
  const { truth, scores: known, failedLayers } = measuredLayers(task.truth, scores)
  if (truth.length === 0) {
    const reason = 'no layer was measured at every live intensity'
    const none = { spearman: null, share: null, kendall: null, recallTop20: null, ndcg: null, regret: null }
    return { ...none, constant: false, failedLayers, reason }
  }
  const judged = known ?? truth.map(() => 0)
  const rho = spearman(truth, judged)
  return {
    spearman: rho,
    share: task.ceiling === null ? null : rho / task.ceiling,
    kendall: kendallTauB(truth, judged),
    recallTop20: topRecall(truth, judged),
    ndcg: ndcg(truth, judged),
    regret: regret(truth, judged),
    constant: known !== null && isConstant(known),
    failedLayers,
    ...(failedLayers > 0 && { reason: `no score for ${failedLayers} of ${truth.length} layers` }),
  }
}

/**
 * Judges every criterion on one task. The interval of a share resamples layers with replacement, the same layers for all criteria;
 * the truth's and the ceiling's own noise is not in it. A resample whose truths or whose scores are all equal has ρ = 0, like
 * constant scores; with few layers these pull the interval towards 0.
 *
 * @param criteria the names to look up in `task.scores`; one that is missing there failed
 * @returns one ranking a criterion, in the order given
 */
export function rankTask(
  task: Task,
  criteria: readonly string[],
  { seed, resamples = 1000 }: ResamplingOptions,
): Map<string, TaskRankingWithInterval> {
  const rng = rngFrom('loadbearing/v1', 'bootstrap', ...seed)
  const correlate = resampledSpearman(
    task.truth,
    criteria.map((name) => task.scores.get(name)),
  )
  const samples = criteria.map(() => new Float64Array(resamples))
  for (let resample = 0; resample < resamples; resample++) {
    correlate(drawLayers(task.truth.length, rng), (criterion, rho) => (samples[criterion]![resample] = rho))
  }
  const rankings = new Map<string, TaskRankingWithInterval>()
  criteria.forEach((name, index) => {
    const ranking = rankScores(task, task.scores.get(name))
    const { ceiling } = task
    const interval =
      ceiling === null || ranking.share === null || resamples === 0
        ? { low: null, high: null }
        : percentileInterval(samples[index]!.map((rho) => rho / ceiling))
    rankings.set(name, { ...ranking, shareLow: interval.low, shareHigh: interval.high })
  })
  return rankings
}
