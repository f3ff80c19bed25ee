import { InputError } from '@loadbearing/core'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  liveLevels,
  poolOutcomes,
  pooledTruth,
  poolScores,
  taskStatus,
  taskTruths,
  type TaskOutcomes,
} from './index.ts'
import { rowVariation } from './noise.ts'
import { criticalT } from './student-t.ts'

const fixture = <T>(name: string): T[] =>
  (JSON.parse(readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8')) as { cases: T[] }).cases

/** Outcomes in which the first `lost(layer, level, repeat)` images of a cell turn from right to wrong; undefined: not measured. */
function outcomesOf(
  shape: { layers: number; levels: number; repeats?: number; images?: number },
  lost: (layer: number, level: number, repeat: number) => number | undefined,
): TaskOutcomes {
  const { repeats = 1, images = 100 } = shape
  const cell =
    (weight: number) =>
    (layer: number, level: number, repeat: number): Float32Array | undefined => {
      const count = lost(layer, level, repeat)
      return count === undefined ? undefined : Float32Array.from({ length: images }, (_, i) => (i < count ? weight : 0))
    }
  return {
    layers: shape.layers,
    levels: Array.from({ length: shape.levels }, () => ({ repeats, images })),
    classes: 10,
    cleanAccuracy: 0.9,
    stochastic: repeats > 1,
    loss: cell(1),
    boundedKl: cell(0.5),
  }
}
const seed = ['a test']

describe('live levels', () => {
  it('are those with a mean drop of 2 to 50 points, ends included', () => {
    expect(liveLevels([0.0199, 0.02, 0.3, 0.5, 0.5001, null])).toEqual([1, 2, 3])
  })

  it('come from accuracy for both truths, and pool both', () => {
    // Mean drops over the two layers: .01, .02, .3, .5, .7.
    const lost = [
      [0, 1, 20, 40, 60],
      [2, 3, 40, 60, 80],
    ]
    const { live, meanDrops, truths } = taskTruths(
      outcomesOf({ layers: 2, levels: 5 }, (layer, level) => lost[layer]![level]),
      { seed },
    )
    expect(meanDrops).toEqual([0.01, 0.02, 0.3, 0.5, 0.7])
    expect(live).toEqual([1, 2, 3])
    expect(truths['accuracy-drop'].layers.map((layer) => layer?.value)).toEqual([61 / 300, 103 / 300])
    expect(truths['bounded-kl'].layers.map((layer) => layer?.value)).toEqual([61 / 600, 103 / 600])
  })

  it('may be asked for one by one', () => {
    const outcomes = outcomesOf({ layers: 2, levels: 3 }, (layer, level) => 10 * (layer + level))
    const { live, truths } = taskTruths(outcomes, { seed, levels: [1] })
    expect(live).toEqual([1])
    expect(truths['accuracy-drop'].layers.map((layer) => layer?.value)).toEqual([0.1, 0.2])
  })

  it('where there is none, there is no truth and the task says why', () => {
    const { live, truths } = taskTruths(
      outcomesOf({ layers: 4, levels: 2 }, () => 1),
      { seed },
    )
    expect(live).toEqual([])
    expect(truths['accuracy-drop'].layers).toEqual([null, null, null, null])
    expect(truths['accuracy-drop'].ceiling.value).toBeNull()
    expect(truths['bounded-kl'].status.reason).toMatch('No intensity is live')
  })
})

describe('pooled truth', () => {
  it('is the mean over levels, repeats and images', () => {
    const outcomes = outcomesOf(
      { layers: 1, levels: 2, repeats: 2 },
      (_, level, repeat) => 10 + 20 * level + 4 * repeat,
    )
    expect(pooledTruth(poolOutcomes(outcomes, [0, 1], 'accuracy-drop'), 'accuracy-drop')[0]!.value).toBe(0.22)
  })

  it('leaves a layer out that was not measured at a live level', () => {
    const outcomes = outcomesOf({ layers: 3, levels: 2, repeats: 2 }, (layer, level, repeat) =>
      layer === 1 && level === 1 && repeat === 1 ? undefined : 10 * (layer + 1),
    )
    expect(taskTruths(outcomes, { seed }).truths['accuracy-drop'].layers.map((layer) => layer?.value)).toEqual([
      0.1,
      undefined,
      0.3,
    ])
  })

  it('refuses outcomes that are not finite or of another number of images', () => {
    const outcomes = outcomesOf({ layers: 1, levels: 1 }, () => 10)
    expect(() => taskTruths({ ...outcomes, boundedKl: () => new Float32Array(100).fill(NaN) }, { seed })).toThrow(
      InputError,
    )
    expect(() => taskTruths({ ...outcomes, levels: [{ repeats: 1, images: 99 }] }, { seed })).toThrow(
      /99 finite numbers/,
    )
  })

  const intervalOf = (outcomes: TaskOutcomes): { value: number; low: number; high: number } =>
    pooledTruth(poolOutcomes(outcomes, [0], 'accuracy-drop'), 'accuracy-drop')[0]!

  it('has the interval of Bonett and Price for one draw', () => {
    // 20 of 100 lost: p̃ = (20 + 1) / 102 and 1 / 102, the difference 20 / 102, here with n − 1 and Student's t.
    const { low, high } = intervalOf(outcomesOf({ layers: 1, levels: 1 }, () => 20))
    const centre = 20 / 102
    const variance = ((22 - 102 * centre ** 2) / 101 / 102) * criticalT(101) ** 2
    expect(low).toBeCloseTo(centre - Math.sqrt(variance), 12)
    expect(high).toBeCloseTo(centre + Math.sqrt(variance), 12)
  })

  it('does not take a layer on which no image changed for known', () => {
    const { value, low, high } = intervalOf(outcomesOf({ layers: 1, levels: 1, images: 500 }, () => 0))
    expect(value).toBe(0)
    expect(high).toBeCloseTo(0.0055, 3)
    expect(low).toBe(-high)
  })

  it('widens where repeats disagree', () => {
    const agreeing = intervalOf(outcomesOf({ layers: 1, levels: 1, repeats: 4 }, () => 30))
    const apart = intervalOf(outcomesOf({ layers: 1, levels: 1, repeats: 4 }, (_l, _k, repeat) => 15 + 10 * repeat))
    expect(apart.value).toBe(agreeing.value)
    expect(apart.high - apart.low).toBeGreaterThan(1.5 * (agreeing.high - agreeing.low))
  })

  it.each(fixture<{ values: number[][]; betweenDraws: number; both: number }>('variance-components'))(
    'takes the noise apart as the mean squares of numpy do: %#',
    ({ values, betweenDraws, both }) => {
      const [repeats, images] = [values.length, values[0]!.length]
      const pooled = { layers: [0], levels: 1, repeats, images, values: Float32Array.from(values.flat()) }
      const variation = rowVariation(pooled, 0)
      expect(variation.betweenDraws).toBeCloseTo(betweenDraws, 12)
      expect(variation.both).toBeCloseTo(both, 12)
    },
  )

  it.each(fixture<{ freedom: number; quantile: number }>('critical-t'))(
    "has Student's t of $freedom degrees of freedom within .05 %",
    ({ freedom, quantile }) => expect(Math.abs(criticalT(freedom) / quantile - 1)).toBeLessThan(0.0005),
  )
})

describe('a task counts', () => {
  const good = {
    live: [1],
    drops: [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.2, 0.1, 0.05, 0.02],
    ceiling: { value: 0.9 },
    cleanAccuracy: 0.9,
    classes: 10,
  }
  const replaced = (count: number, drop: number): number[] => [
    ...new Array<number>(count).fill(drop),
    ...good.drops.slice(count),
  ]

  it('when everything holds, limits included', () => {
    expect(taskStatus(good)).toEqual({ counts: true })
    expect(taskStatus({ ...good, drops: replaced(3, 0.005) })).toEqual({ counts: true })
    expect(taskStatus({ ...good, drops: replaced(3, 0.78) })).toEqual({ counts: true })
  })

  it.each([
    ['no level is live', { live: [] }, /^No intensity is live/],
    ['fewer than three layers were measured', { drops: [0.1, 0.2] }, /^Only 2 layers were measured/],
    ['layers did not react', { drops: replaced(4, -0.005) }, /^40 % of the layers lie within half a point of no drop/],
    ['layers are at chance', { drops: replaced(4, 0.781) }, /^40 % of the layers are at chance/],
    ['all drops are alike', { drops: [0.1, 0.11, 0.12] }, /^The drops span 1\.6 points/],
    ['the ceiling is low', { ceiling: { value: 0.8999 } }, /^The noise ceiling is 0\.899, below/],
    ['the ceiling is unknown', { ceiling: { value: null, reason: 'why' } }, /^The noise ceiling is unknown: why\.$/],
  ] as const)('not when %s', (_, change, reason) => {
    const status = taskStatus({ ...good, ...change })
    expect(status.counts).toBe(false)
    expect(status.reason).toMatch(reason)
  })
})

describe('scores of a perturbation-aware criterion', () => {
  it('are pooled over the live levels; one missing there is missing', () => {
    const byLevel = [
      [9, 9, null],
      [1, 2, 3],
      [3, null, 5],
    ]
    expect(poolScores(byLevel, [1, 2])).toEqual([2, null, 4])
    expect(poolScores([[1], [Infinity]], [0, 1])).toEqual([null])
    expect(poolScores(byLevel, [])).toEqual([null, null, null])
  })
})
