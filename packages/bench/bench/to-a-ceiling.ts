import { expectedCeiling, forecast } from '@loadbearing/ranking'
import { type MeasuredTask, measuredTasks, untilCeiling } from '../src/index.ts'
import type { RegisteredPerturbation } from '../src/registry.ts'
import { type AlongsideOptions, measureAlongside, type Step } from './alongside.ts'

/** A number of images and one of draws, the same for all tasks at all of their levels; one draw where draws do not differ. */
export interface FixedPlan {
  readonly images: number
  readonly repeats: number
}

/** What it took to reach a noise ceiling on a task, and what came of it. */
export interface CeilingTask extends FixedPlan {
  readonly perturbation: string
  readonly layers: number
  readonly levels: number
  readonly live: number
  readonly stochastic: boolean
  readonly ceiling: number | null
  readonly counts: boolean
  /** The ceiling that a fixed plan should have: the same variance components that our planning has, from all that was measured. */
  readonly under: (plan: FixedPlan) => number | null
  readonly step: Step
  /** Of the step's suffix runs, those of the pilot. */
  readonly piloted: number
}

/** Measures perturbations until their ceilings are reached. @param most the most images and draws of anything */
export async function toACeiling(
  perturbations: readonly RegisteredPerturbation[],
  ceiling: number,
  most: FixedPlan,
  options: AlongsideOptions,
): Promise<CeilingTask[]> {
  const tasks: CeilingTask[] = []
  const precision = untilCeiling(ceiling, most)
  for (const [index, perturbation] of perturbations.entries()) {
    const step = await measureAlongside(perturbation.plugin.name, [perturbation], precision, options)
    const [task] = await measuredTasks(step.out)
    const found = taskOf(task!, step)
    const { repeats, images, imagesOfOneDraw } = precision.pilot
    const pilot = { repeats, images: found.stochastic ? images : imagesOfOneDraw }
    tasks.push({ ...found, piloted: forwardsOf(found, pilot) })
    console.error(`to a ceiling: ${index + 1} of ${perturbations.length} perturbations`)
  }
  return tasks
}

function taskOf({ model, perturbation, layers, outcomes, measured }: MeasuredTask, step: Step) {
  const { stochastic, name } = perturbation
  const { ceiling, status } = measured.truths['accuracy-drop']
  const found = forecast(outcomes, [model.sha256, name])
  return {
    perturbation: name,
    layers: layers.length,
    levels: outcomes.levels.length,
    live: measured.live.length,
    stochastic,
    ...found.pilot,
    ceiling: ceiling.value,
    counts: status.counts,
    under: ({ images, repeats }: FixedPlan) => expectedCeiling(found, { images, repeats: stochastic ? repeats : 1 }),
    step,
  }
}

/** Images that a fixed plan runs, at all levels: who fixes a plan does not know which are live. */
export function forwardsOf(
  { layers, levels, stochastic }: Pick<CeilingTask, 'layers' | 'levels' | 'stochastic'>,
  { images, repeats }: FixedPlan,
): number {
  return layers * levels * (stochastic ? repeats : 1) * images
}

/**
 * The cheapest fixed plan under which every task that counts should have its ceiling: at least 2 draws, below which nobody can tell one.
 *
 * @param targetOf the ceiling that a task is to have, at most the one that was reached
 * @param stride images between one plan and the next
 * @param limit images there are
 * @returns undefined where no task counts
 */
export function cheapestPlan(
  tasks: readonly CeilingTask[],
  targetOf: (reached: number) => number,
  stride: number,
  limit: number,
): FixedPlan | undefined {
  const counting = tasks.filter(({ counts }) => counts)
  if (counting.length === 0) return undefined
  const reaches = (plan: FixedPlan): boolean =>
    counting.every((task) => task.under(plan)! >= targetOf(task.ceiling!) - 1e-9)
  const price = (plan: FixedPlan): number => tasks.reduce((total, task) => total + forwardsOf(task, plan), 0)
  // What the most demanding tasks took, taken of all, reaches all.
  let best: FixedPlan = {
    images: Math.max(...counting.map(({ images }) => images)),
    repeats: Math.max(2, ...counting.map(({ repeats }) => repeats)),
  }
  for (let images = stride; images <= limit; images += stride) {
    for (let repeats = 2; price({ images, repeats }) < price(best); repeats++) {
      if (reaches({ images, repeats })) best = { images, repeats }
    }
  }
  return best
}
