import { rngFrom } from '@loadbearing/core'
import { liveLevels, meanDrops } from './live-levels.ts'
import { noiseCeiling, type NoiseCeiling } from './noise-ceiling.ts'
import { poolOutcomes, rowMeans, type PooledOutcomes, type TaskOutcomes, type TruthKind } from './outcomes.ts'
import { pooledTruth, type LayerTruth } from './pooled-truth.ts'
import { taskStatus, type TaskStatus } from './task-status.ts'

export interface TaskTruthOptions {
  /** Names the random splits; give the model's hash and the perturbation's name, so that tasks differ and recomputing agrees. */
  readonly seed: readonly (string | number)[]
  /** Levels to look at, as indices into the grid: one for the ranking at a single intensity. All where left out. */
  readonly levels?: readonly number[]
  /** Random splits behind the noise ceiling. */
  readonly splits?: number
}

/** The truth of one task in one kind of outcome. */
export interface TaskTruth {
  /** One entry a layer of the model; null where the layer was not measured at every live level, or none is live. */
  readonly layers: readonly (LayerTruth | null)[]
  readonly ceiling: NoiseCeiling
  readonly status: TaskStatus
}

/** Both truths of one task and the levels they pool. */
export interface TaskTruths {
  /** Indices of the live levels among those asked for, weakest first. */
  readonly live: readonly number[]
  /** Mean accuracy drop over layers at every level of the grid; null where nothing was measured. */
  readonly meanDrops: readonly (number | null)[]
  readonly truths: Readonly<Record<TruthKind, TaskTruth>>
}

/**
 * From the outcomes of a task to what criteria are judged against: the live levels, the pooled truth with its intervals, the
 * noise ceiling, and whether the task counts. Accuracy drops decide which levels are live for both kinds of truth.
 *
 * @throws InputError where an outcome is not finite or a cell has another number of images
 */
export function taskTruths(outcomes: TaskOutcomes, { seed, levels, splits = 100 }: TaskTruthOptions): TaskTruths {
  const drops = meanDrops(outcomes)
  const live = (outcomes.live ?? liveLevels(drops)).filter((level) => levels?.includes(level) ?? true)
  const pools: Record<TruthKind, PooledOutcomes> = {
    'accuracy-drop': poolOutcomes(outcomes, live, 'accuracy-drop'),
    'bounded-kl': poolOutcomes(outcomes, live, 'bounded-kl'),
  }
  const truth = (kind: TruthKind): TaskTruth => {
    const pooled = pools[kind]
    const layers = new Array<LayerTruth | null>(outcomes.layers).fill(null)
    pooledTruth(pooled, kind).forEach((value, row) => (layers[pooled.layers[row]!] = value))
    const rng = rngFrom('loadbearing/v1', 'ceiling', ...seed)
    const ceiling = noiseCeiling(pooled, outcomes.stochastic, { rng, splits })
    const status = taskStatus({
      live,
      drops: rowMeans(pools['accuracy-drop']),
      ceiling,
      cleanAccuracy: outcomes.cleanAccuracy,
      classes: outcomes.classes,
    })
    return { layers, ceiling, status }
  }
  return {
    live,
    meanDrops: drops,
    truths: { 'accuracy-drop': truth('accuracy-drop'), 'bounded-kl': truth('bounded-kl') },
  }
}
