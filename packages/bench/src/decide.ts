import {
  affordableCeiling,
  cheapestEffort,
  type Effort,
  type Forecast,
  forecast,
  lossesOf,
  type Priced,
  type TaskOutcomes,
} from '@loadbearing/ranking'
import { pointsOf } from './cells.ts'
import type { Measured } from './measured.ts'
import type { MeasuredModel } from './measured-model.ts'
import type { Decision, Plan } from './plan.ts'
import { stagesOf } from './stages.ts'
import { readUnit, type Unit, type UnitResult } from './units.ts'

/** What a pilot decided of one model under one perturbation. */
export type DecidedPair = Decision & { readonly model: string; readonly perturbation: string }

export function decidedPairs({ pairs }: Plan): DecidedPair[] {
  return pairs.flatMap(({ decision, model, perturbation }) => (decision ? [{ model, perturbation, ...decision }] : []))
}

/** Whether nothing is left for a pilot to decide. */
export function isDecided({ precision, pairs }: Plan): boolean {
  return precision.kind !== 'ceiling' || pairs.every(({ decision }) => decision !== undefined)
}

export interface DecideOptions {
  readonly folder: string
  /** Finished units of the pilot. */
  readonly units: readonly Unit[]
  /** Wall-clock seconds that may be spent on what follows, and the threads that share them; no bound by default. */
  readonly seconds?: number | undefined
  readonly threads: number
}

/**
 * The plan with a decision for every pair whose pilot is done: its live levels, and how many images and draws of them reach the ceiling
 * that was asked for, or the highest one, the same for all, that there is time for. A function of the pilot's outcomes alone; where time
 * is short, also of how long the pilot took.
 *
 * @throws DatasetError when a unit is missing or damaged
 */
export async function decide(
  plan: Plan,
  { models, perturbations }: Measured,
  { folder, units, seconds, threads }: DecideOptions,
): Promise<Plan> {
  const { precision } = plan
  if (precision.kind !== 'ceiling') return plan
  const open = new Map<Plan['pairs'][number], Priced>()
  for (const pair of plan.pairs) {
    if (pair.decision) continue
    const model = models.find(({ name }) => name === pair.model)!
    const { plugin } = perturbations.find(({ plugin: { name } }) => name === pair.perturbation)!
    const own = units.filter((unit) => unit.model === model.sha256 && unit.perturbation.name === plugin.name)
    const piloted: [Unit, UnitResult][] = []
    for (const unit of own) piloted.push([unit, await readUnit(folder, unit)])
    const [pilot] = stagesOf(plan, pair, plugin)
    const task = forecast(pilotOutcomes(model, pilot!, plugin.stochastic, piloted), [model.sha256, plugin.name])
    const limits = {
      chunk: plan.chunk,
      images: Math.min(precision.most.images, model.testImages),
      repeats: plugin.stochastic ? precision.most.repeats : 1,
    }
    open.set(pair, { task, limits, price: priceOf(task, plugin.intensities.length, piloted) / threads })
  }
  const ceiling =
    seconds === undefined ? precision.ceiling : affordableCeiling([...open.values()], precision.ceiling, seconds)
  return {
    ...plan,
    pairs: plan.pairs.map((pair) => {
      const its = open.get(pair)
      if (!its) return pair
      const effort = cheapestEffort(its.task, ceiling, its.limits)
      const short = ceiling < precision.ceiling ? `there is time for a ceiling of ${ceiling.toFixed(3)}` : null
      return { ...pair, decision: decisionOf(its.task, effort, short) }
    }),
  }
}

function decisionOf({ live }: Forecast, { repeats, images, expected, reason }: Effort, short: string | null) {
  return { live: [...live], repeats, images, expected, reason: reason ?? short }
}

/** Processor seconds of one image under one draw at all live levels and all layers, as the pilot took them. */
function priceOf({ live, pilot }: Forecast, levels: number, piloted: readonly (readonly [Unit, UnitResult])[]): number {
  const spent = piloted.reduce((sum, [, { seconds }]) => sum + seconds, 0)
  return ((spent / (pilot.images * pilot.repeats)) * live.length) / levels
}

/** What a pilot found, as the statistics see it. */
function pilotOutcomes(
  { layers, classes }: MeasuredModel,
  { levels, repeats, images }: { levels: readonly number[]; repeats: number; images: number },
  stochastic: boolean,
  piloted: readonly (readonly [Unit, UnitResult])[],
): TaskOutcomes {
  const losses = new Map<string, Int8Array>()
  const divergences = new Map<string, Float32Array>()
  const failed = new Set<string>()
  let cleanCorrect = 0
  for (const [{ layer, grid, chunk, chunkSize }, { cleanCorrect: clean, cells }] of piloted) {
    if (layer.depth === 0) cleanCorrect += clean.reduce((sum, bit) => sum + bit, 0)
    for (const [index, { level, repeat }] of pointsOf(grid).entries()) {
      const key = `${layer.depth}/${level}/${repeat}`
      const cell = cells[index]!
      if (cell.reason !== undefined) {
        failed.add(key)
        continue
      }
      if (!losses.has(key)) {
        losses.set(key, new Int8Array(images))
        divergences.set(key, new Float32Array(images))
      }
      divergences.get(key)!.set(cell.boundedKl, chunk * chunkSize)
      losses.get(key)!.set(lossesOf(clean, cell.correct), chunk * chunkSize)
    }
  }
  const read =
    <T>(values: ReadonlyMap<string, T>) =>
    (layer: number, level: number, repeat: number): T | undefined => {
      const key = `${layer}/${level}/${repeat}`
      return failed.has(key) ? undefined : values.get(key)
    }
  return {
    layers: layers.length,
    levels: levels.map(() => ({ repeats, images })),
    classes,
    cleanAccuracy: cleanCorrect / images,
    stochastic,
    loss: read(losses),
    boundedKl: read(divergences),
  }
}
