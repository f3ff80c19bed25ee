import { rngFrom } from '@loadbearing/core'
import { liveLevels, meanDrops } from './live-levels.ts'
import { noiseCeiling } from './noise-ceiling.ts'
import { noiseComponents } from './noise.ts'
import { type LevelSize, poolOutcomes, type TaskOutcomes } from './outcomes.ts'
import { taskRules } from './task-status.ts'

/** What a pilot says of a task: which levels are live, and how its noise falls with more draws and images. */
export interface Forecast {
  /** Indices of the live levels, weakest first. */
  readonly live: readonly number[]
  /** What was measured at the live levels. */
  readonly pilot: LevelSize
  /** Noise variance over signal variance of the pooled truth in the pilot; null where the pilot cannot tell: `reason` says why. */
  readonly noise: number | null
  /** Shares of that noise: of draws (falls with repeats alone), of images (with images alone), of both (with either). */
  readonly shares: { readonly draws: number; readonly images: number; readonly both: number }
  readonly reason: string | null
}

/** How far a measurement may go. */
export interface EffortLimits {
  /** Images come in chunks of this size. */
  readonly chunk: number
  /** Test images there are. */
  readonly images: number
  /** Draws of a stochastic perturbation; 1 of a deterministic one. */
  readonly repeats: number
}

/** What to measure at the live levels, the pilot included. */
export interface Effort extends LevelSize {
  /** The noise ceiling that the pilot lets one expect of it; null where it cannot tell. */
  readonly expected: number | null
  /** Why the ceiling that was asked for will not be reached; null where it should be. */
  readonly reason: string | null
}

/**
 * Looks at a pilot: all levels, few draws, few images; or at what was measured after one, where its live levels are fixed. The reliability is that of `noiseCeiling`, on accuracy drops; how it changes
 * follows from the variance components of `noiseComponents`.
 *
 * @param seed names the random splits
 */
export function forecast(outcomes: TaskOutcomes, seed: readonly (string | number)[]): Forecast {
  const live = outcomes.live ?? liveLevels(meanDrops(outcomes))
  const pilot = outcomes.levels[live[0] ?? 0]
  const unknown = (reason: string): Forecast => ({
    live,
    pilot: pilot!,
    noise: null,
    shares: { draws: 0, images: 1, both: 0 },
    reason,
  })
  if (live.length === 0) return unknown('no intensity is live')
  const pooled = poolOutcomes(outcomes, live, 'accuracy-drop')
  if (pooled.layers.length < taskRules.layers) return unknown(`only ${pooled.layers.length} layers were measured`)
  const ceiling = noiseCeiling(pooled, outcomes.stochastic, { rng: rngFrom('loadbearing/v1', 'forecast', ...seed) })
  if (ceiling.value === null) return unknown(ceiling.reason)
  const { draws, images, both } = noiseComponents(pooled)
  const parts = [draws, images, both].map((part) => Math.max(0, part))
  const whole = parts.reduce((sum, part) => sum + part, 0)
  const [d = 0, i = 1, b = 0] = whole === 0 ? [] : parts.map((part) => part / whole)
  return {
    live,
    pilot: pilot!,
    noise: 1 / ceiling.value ** 2 - 1,
    shares: { draws: d, images: i, both: b },
    reason: null,
  }
}

/** The noise ceiling that a task should have after so many draws and images. */
export function expectedCeiling({ pilot, noise, shares }: Forecast, { repeats, images }: LevelSize): number | null {
  if (noise === null) return null
  const [fewerDraws, fewerImages] = [pilot.repeats / repeats, pilot.images / images]
  const left = shares.draws * fewerDraws + shares.images * fewerImages + shares.both * fewerDraws * fewerImages
  return 1 / Math.sqrt(1 + noise * left)
}

/**
 * The cheapest effort that should reach a noise ceiling: least draws × images. Where none within the limits does, the largest, if it
 * lets the task count; otherwise the pilot stands alone, since more would not make the task count.
 *
 * @param ceiling from 0 to 1
 */
export function cheapestEffort(task: Forecast, ceiling: number, limits: EffortLimits): Effort {
  const { pilot } = task
  const alone = (reason: string): Effort => ({ ...pilot, expected: expectedCeiling(task, pilot), reason })
  if (task.noise === null) return alone(task.reason ?? 'the pilot cannot tell')
  const most = { repeats: limits.repeats, images: limits.images }
  const all = `all ${most.images} images${limits.repeats > 1 ? ` and ${most.repeats} draws` : ''}`
  const highest = expectedCeiling(task, most)!
  if (highest < taskRules.ceiling) return alone(`${all} would give a ceiling of ${highest.toFixed(2)}`)
  if (highest < ceiling) return { ...most, expected: highest, reason: `${all} are not enough` }

  let best = most
  for (const images of imageCounts(pilot.images, limits)) {
    for (let repeats = pilot.repeats; repeats * images < best.repeats * best.images; repeats++) {
      if (expectedCeiling(task, { repeats, images })! < ceiling) continue
      best = { repeats, images }
    }
  }
  return { ...best, expected: expectedCeiling(task, best), reason: null }
}

function imageCounts(least: number, { chunk, images }: EffortLimits): number[] {
  const counts = []
  for (let count = least; count < images; count += chunk) counts.push(count)
  return [...counts, images]
}

/** A task to plan for, and what one image under one draw costs at all of its live levels and layers. */
export interface Priced {
  readonly task: Forecast
  readonly limits: EffortLimits
  readonly price: number
}

/**
 * The highest ceiling that all tasks can reach together for a price, at most the one asked for: efforts for it are what a person with
 * so much time can have. The pilots are paid already.
 *
 * @param budget in the unit of the prices
 */
export function affordableCeiling(tasks: readonly Priced[], ceiling: number, budget: number): number {
  const cost = (target: number): number =>
    tasks.reduce((sum, { task, limits, price }) => {
      const { repeats, images } = cheapestEffort(task, target, limits)
      return sum + price * (repeats * images - task.pilot.repeats * task.pilot.images)
    }, 0)
  if (cost(ceiling) <= budget) return ceiling
  let [low, high] = [0, ceiling]
  // Thousandths: finer than a pilot can tell.
  while (high - low > 0.001) {
    const middle = (low + high) / 2
    if (cost(middle) <= budget) low = middle
    else high = middle
  }
  return low
}
