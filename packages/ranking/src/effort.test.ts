import { rngFrom } from '@loadbearing/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spearman } from './correlation.ts'
import {
  affordableCeiling,
  cheapestEffort,
  expectedCeiling,
  type Forecast,
  forecast,
  taskTruths,
  type LevelSize,
  type TaskOutcomes,
} from './index.ts'

/** In a pilot of 2 draws and 250 images the noise is a quarter of the signal: a ceiling of √.8. */
const task: Forecast = {
  live: [1, 2],
  pilot: { repeats: 2, images: 250 },
  noise: 0.25,
  shares: { draws: 0.4, images: 0.2, both: 0.4 },
  reason: null,
}
const limits = { chunk: 250, images: 10_000, repeats: 64 }

describe('the effort for a ceiling', () => {
  it('falls with draws, with images, and with either', () => {
    expect(expectedCeiling(task, task.pilot)).toBeCloseTo(Math.sqrt(0.8), 12)
    // Four times the draws, twice the images: .25 · (.4 / 4 + .2 / 2 + .4 / 8) = .0625.
    expect(expectedCeiling(task, { repeats: 8, images: 500 })).toBeCloseTo(Math.sqrt(1 / 1.0625), 12)
  })

  it('is the cheapest that reaches it', () => {
    // 1 / .95² − 1 = .10803: of .25, a share of .43213. At 250 images (.2 stays) the rest .8 · 2 / r must be at most .23213: r = 7, 1,750 in
    // all. At 500 images .1 + .6 · 2 / r: r = 4, 2,000 in all. At 750, .0667 + .5333 · 2 / r: r = 3, 2,250.
    expect(cheapestEffort(task, 0.95, limits)).toEqual({
      repeats: 7,
      images: 250,
      expected: expectedCeiling(task, { repeats: 7, images: 250 }),
      reason: null,
    })
    expect(cheapestEffort(task, 0.8, limits)).toMatchObject(task.pilot)
  })

  it('is the cheapest of all, whatever the noise', () => {
    const small = { chunk: 250, images: 2000, repeats: 12 }
    const parts = fc.record({
      draws: fc.double({ min: 0, max: 1, noNaN: true }),
      images: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(parts, fc.double({ min: 0.01, max: 3, noNaN: true }), ({ draws, images }, noise) => {
        const its = {
          ...task,
          noise,
          shares: { draws: draws / 2, images: images / 2, both: 1 - draws / 2 - images / 2 },
        }
        const effort = cheapestEffort(its, 0.93, small)
        for (let n = 250; n <= 2000; n += 250) {
          for (let r = 2; r <= 12; r++) {
            const reaches = expectedCeiling(its, { repeats: r, images: n })! >= 0.93
            if (effort.reason === null) expect(!reaches || r * n >= effort.repeats * effort.images).toBe(true)
            else expect(reaches).toBe(false)
          }
        }
      }),
    )
  })

  it('stays with the pilot where nothing makes the task count, and takes all where all falls short', () => {
    const hopeless = cheapestEffort({ ...task, noise: 40 }, 0.95, { ...limits, repeats: 4 })
    expect(hopeless).toMatchObject({
      ...task.pilot,
      reason: expect.stringMatching(/^all 10000 images and 4 draws would give/) as string,
    })
    // 3 · (.4 · 2 / 64 + .2 / 40 + .4 / 1280) = .0534, a ceiling of .974; of .98 it falls short.
    expect(cheapestEffort({ ...task, noise: 3 }, 0.98, limits)).toMatchObject({
      images: 10_000,
      repeats: 64,
      reason: 'all 10000 images and 64 draws are not enough',
    })
    const dead = { ...task, live: [], noise: null, reason: 'no intensity is live' }
    expect(cheapestEffort(dead, 0.95, limits)).toMatchObject({ ...task.pilot, reason: 'no intensity is live' })
  })

  it('is cut to what is affordable, the same ceiling for all', () => {
    const tasks = [0.25, 0.5].map((noise) => ({ task: { ...task, noise }, limits, price: 1 }))
    const spent = (ceiling: number): number =>
      tasks.reduce((sum, { task: each }) => {
        const { repeats, images } = cheapestEffort(each, ceiling, limits)
        return sum + repeats * images - 500
      }, 0)
    expect(affordableCeiling(tasks, 0.95, spent(0.95))).toBe(0.95)
    const half = affordableCeiling(tasks, 0.95, spent(0.95) / 2)
    expect(spent(half)).toBeLessThanOrEqual(spent(0.95) / 2)
    expect(half).toBeGreaterThan(0.85)
    expect(spent(affordableCeiling(tasks, 0.95, 0))).toBe(0)
  })
})

interface World {
  readonly truth: readonly number[]
  readonly outcomes: (size: LevelSize) => TaskOutcomes
}

/**
 * Layers with known drops on three levels, the first of them dead: images differ in hardness, and draws in strength.
 *
 * @param noise names the images and the draws; the layers are those of `seed`
 */
function world(seed: number, noise: string): World {
  const [layers, images] = [24, 2000]
  const rng = rngFrom('layers', seed)
  const strength = Array.from({ length: layers }, () => 0.12 * rng.uniform() + 0.02)
  const factors = [0.02, 1, 2]
  const noises = rngFrom('noise', seed, noise)
  const hardness = Array.from({ length: images }, () => 0.4 + 1.2 * noises.uniform())
  const cells = new Map<string, Float32Array>()
  const cell = (layer: number, level: number, repeat: number): Float32Array => {
    const key = [layer, level, repeat].join()
    const known = cells.get(key)
    if (known) return known
    const its = noises.split('cell', key)
    const chance = strength[layer]! * factors[level]! * (0.6 + 0.8 * its.uniform())
    const values = Float32Array.from(hardness, (hard) => Number(its.uniform() < chance * hard))
    cells.set(key, values)
    return values
  }
  return {
    // Hardness and draw have a mean of 1, so that the expected drop of a layer over the two live levels is 1.5 times its strength.
    truth: strength.map((its) => 1.5 * its),
    outcomes: (size) => {
      const read = (layer: number, level: number, repeat: number) => cell(layer, level, repeat).subarray(0, size.images)
      const levels = factors.map(() => size)
      return { layers, levels, classes: 10, cleanAccuracy: 0.9, stochastic: true, loss: read, boundedKl: read }
    },
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const error = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1))

/** What becomes of an effort in a world. */
function measured({ truth, outcomes }: World, effort: LevelSize, live: readonly number[]) {
  const { truths } = taskTruths({ ...outcomes(effort), live }, { seed: ['measured'], splits: 20 })
  const layers = truths['accuracy-drop'].layers.map((layer) => layer!)
  const values = layers.map(({ value }) => value)
  const reached = spearman(values, truth)
  return {
    reached,
    /** How much the published ceiling is above what it estimates. */
    flattery: truths['accuracy-drop'].ceiling.value! - reached,
    bias: mean(values.map((value, layer) => value - truth[layer]!)),
    covered: mean(layers.map(({ low, high }, layer) => Number(truth[layer]! >= low && truth[layer]! <= high))),
  }
}

describe('two phases', () => {
  // The same layers measured twice: by an effort that a pilot on the same images and draws chose, and by the same effort on others.
  const runs = Array.from({ length: 100 }, (_, seed) => {
    const stopped = world(seed, 'pilot and what follows it')
    const look = forecast(stopped.outcomes({ repeats: 4, images: 250 }), [seed])
    const effort = cheapestEffort(look, 0.95, { chunk: 250, images: 2000, repeats: 24 })
    return {
      live: look.live,
      stopped: measured(stopped, effort, look.live),
      fresh: measured(world(seed, 'fresh'), effort, look.live),
    }
  })

  it('can be looked at once more: the live levels stay, with all that was measured of them', () => {
    const [least, more] = [
      { repeats: 4, images: 250 },
      { repeats: 8, images: 1000 },
    ]
    const { outcomes } = world(0, 'another look')
    const all = outcomes(more)
    const dead = outcomes(least)
    const loss: TaskOutcomes['loss'] = (layer, level, repeat) => (level === 0 ? dead : all).loss(layer, level, repeat)
    const look = forecast({ ...all, levels: [least, more, more], live: [2], loss }, ['again'])
    expect(look).toMatchObject({ live: [2], pilot: more, reason: null })
    expect(look.noise).toBeLessThan(forecast({ ...dead, live: [2] }, ['again']).noise!)
  })

  it('leave dead levels to the pilot', () => {
    for (const { live } of runs) expect(live).toEqual([1, 2])
  })

  it('reach the ceiling that was asked for', () => {
    const reached = runs.map(({ stopped }) => stopped.reached)
    expect(mean(reached)).toBeGreaterThan(0.95 - 2 * error(reached))
  })

  it('publish no higher a ceiling than where the effort did not depend on the data', () => {
    const gained = runs.map(({ stopped, fresh }) => stopped.flattery - fresh.flattery)
    expect(mean(gained)).toBeLessThan(2 * error(gained))
  })

  it('leave the pooled truth unbiased, within its error', () => {
    const errors = runs.map(({ stopped }) => stopped.bias)
    expect(Math.abs(mean(errors))).toBeLessThan(3 * error(errors))
  })

  it('cover the truth with 95 % of their intervals', () => {
    const covered = runs.map(({ stopped }) => stopped.covered)
    expect(mean(covered)).toBeGreaterThan(0.95 - 2 * error(covered))
  })
})
