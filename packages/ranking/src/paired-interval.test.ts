import { rngFrom, type Rng } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { isNarrow, pairedInterval, stoppingAllowance } from './index.ts'
import { criticalT } from './student-t.ts'

describe('the interval of one cell', () => {
  it('is that of Bonett and Price, times the root of the share that was not measured', () => {
    // 20 of 100 lost, none gained, of 400: p̃ = 20 / 102 apart, a variance of 22 / 102 − (20 / 102)², and √.75 for the rest.
    const { value, low, high } = pairedInterval({ lost: 20, gained: 0, images: 100 }, 400)
    const centre = 20 / 102
    const margin = criticalT(101) * Math.sqrt(((22 / 102 - centre ** 2) / 101) * 0.75)
    expect([value, low, high]).toEqual([0.2, expect.closeTo(centre - margin, 12), expect.closeTo(centre + margin, 12)])
  })

  it('is a point where every image was measured', () => {
    expect(pairedInterval({ lost: 7, gained: 2, images: 50 }, 50)).toEqual({ value: 0.1, low: 0.1, high: 0.1 })
  })
})

/** A test set of which a share turns wrong and a share turns right, in a random order. */
function testSet(size: number, lost: number, gained: number, rng: Rng): Int8Array {
  const order = new Int8Array(size)
  order.fill(1, 0, Math.round(lost * size)).fill(-1, size - Math.round(gained * size))
  for (let last = size - 1; last > 0; last--) {
    const other = rng.integer(last + 1)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}

describe('stopping when it is narrow', () => {
  const [size, chunk, width, sets] = [10_000, 125, 0.01, 1000]

  /** Measures chunk by chunk until the interval is narrow. */
  function run(lost: number, gained: number) {
    const truth = (Math.round(lost * size) - Math.round(gained * size)) / size
    const runs = Array.from({ length: sets }, (_, seed) => {
      const values = testSet(size, lost, gained, rngFrom('a test set', lost, gained, seed))
      const counts = { lost: 0, gained: 0, images: 0 }
      do {
        for (const value of values.subarray(counts.images, counts.images + chunk)) {
          if (value > 0) counts.lost++
          if (value < 0) counts.gained++
        }
        counts.images += chunk
      } while (!isNarrow(pairedInterval(counts, size, stoppingAllowance), width))
      const { value, low, high } = pairedInterval(counts, size, stoppingAllowance)
      return { error: value - truth, covered: truth >= low && truth <= high, images: counts.images }
    })
    const mean = (of: (run: (typeof runs)[number]) => number): number =>
      runs.reduce((sum, each) => sum + of(each), 0) / sets
    const bias = mean(({ error }) => error)
    return {
      coverage: mean(({ covered }) => Number(covered)),
      bias,
      standardError: Math.sqrt(mean(({ error }) => (error - bias) ** 2) / sets),
      images: mean(({ images }) => images),
    }
  }

  const chances = [
    [0, 0],
    [0.002, 0.001],
    [0.01, 0.004],
    [0.03, 0.03],
    [0.08, 0.02],
    [0.25, 0.03],
    [0.6, 0.01],
    [0.85, 0],
  ] as const

  it.each(chances)('covers the truth in 95 % of test sets and is not biased: %d lost, %d gained', (lost, gained) => {
    const { coverage, bias, standardError } = run(lost, gained)
    // Binomial: 2.5 standard deviations of a share of .95 in so many sets.
    expect(coverage).toBeGreaterThan(0.95 - 2.5 * Math.sqrt((0.95 * 0.05) / sets))
    expect(Math.abs(bias)).toBeLessThanOrEqual(3 * standardError)
  })

  it('measures few images where little changes', () => {
    expect(run(0, 0).images).toBe(375)
    expect(run(0.01, 0.004).images).toBeLessThan(1500)
    expect(run(0.6, 0.01).images).toBeGreaterThan(4000)
  })
})
