import { readFileSync } from 'node:fs'
import { type Rng, rngFrom, tensor } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import {
  isNarrow,
  type KnownImages,
  openRegression,
  pairedInterval,
  type PairedInterval,
  stoppingAllowance,
} from './index.ts'

/** A test set, what is known of it, and which images a perturbation loses and gains. */
interface TestSet {
  readonly known: KnownImages
  readonly losses: Int8Array
}

/**
 * Images in a random order. The chance of being lost falls with the margin, and is multiplied by one factor a class; the wrong ones are
 * gained with a chance.
 */
function testSet(size: number, classes: number, chance: (margin: number) => number, gained: number, rng: Rng): TestSet {
  const factors = Array.from({ length: classes }, (_, label) => (2 * label) / (classes - 1))
  const labels = Int32Array.from({ length: size }, () => rng.integer(classes))
  const logits = Float32Array.from({ length: size * classes }, () => rng.normal())
  labels.forEach((label, image) => (logits[image * classes + label]! += 4 + 2 * rng.normal()))
  const losses = Int8Array.from(labels, (label, image) => {
    const own = logits.subarray(image * classes, (image + 1) * classes)
    const margin = own.reduce(
      (least, logit, other) => (other === label ? least : Math.min(least, own[label]! - logit)),
      99,
    )
    if (margin < 0) return rng.uniform() < gained ? -1 : 0
    return rng.uniform() < chance(margin) * factors[label]! ? 1 : 0
  })
  return { known: { labels, logits: tensor([size, classes], logits) }, losses }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const dropOf = (losses: Int8Array): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length

/** The interval after the first `images`. */
function intervalOf({ known, losses }: TestSet, images: number, population: number): PairedInterval {
  const cell = openRegression(known, population).cell()
  cell.add(losses.subarray(0, images))
  return cell.interval()
}

describe('the regressed interval of one cell', () => {
  it("is numpy's, with all variables and with the groups alone, where all of the test set is known and where a part is", () => {
    const { cases } = JSON.parse(
      readFileSync(new URL('../test/fixtures/regression-interval.json', import.meta.url), 'utf8'),
    ) as {
      cases: {
        labels: number[]
        logits: number[][]
        losses: number[]
        population: number
        value: number
        low: number
        high: number
      }[]
    }
    for (const { labels, logits, losses, population, value, low, high } of cases) {
      const shape = [labels.length, logits[0]!.length]
      const known = { labels: Int32Array.from(labels), logits: tensor(shape, logits.flat()) }
      const cell = openRegression(known, population).cell()
      // Taken up in pieces, as chunks are.
      cell.add(Int8Array.from(losses.slice(0, 100)))
      cell.add(Int8Array.from(losses.slice(100)))
      const found = cell.interval()
      expect([found.value, found.low, found.high]).toEqual(
        [value, low, high].map((each) => expect.closeTo(each, 9) as number),
      )
    }
    expect(cases.length).toBeGreaterThanOrEqual(3)
  })

  it('finds the drop of the whole test set where losses follow from the class', () => {
    // Every image of class 0 is lost, of the other none.
    const rng = rngFrom('logits')
    const known = {
      labels: Int32Array.from({ length: 2000 }, (_, image) => (image % 3 === 0 ? 0 : 1)),
      logits: tensor(
        [2000, 2],
        Float32Array.from({ length: 4000 }, () => rng.normal()),
      ),
    }
    const losses = Int8Array.from(known.labels, (label) => 1 - label)
    const { value, low, high } = intervalOf({ known, losses }, 400, 2000)
    expect(value).toBeCloseTo(dropOf(losses), 10)
    expect(high - low).toBeLessThan(0.02)
    const plain = pairedInterval({ lost: 134, gained: 0, images: 400 }, 2000)
    expect(plain.high - plain.low).toBeGreaterThan(0.08)
  })

  it('is that of paired proportions on few images, and a point where every image was measured', () => {
    const set = testSet(1000, 10, () => 0.2, 0.1, rngFrom('a small set'))
    const lost = set.losses.subarray(0, 100).filter((loss) => loss > 0).length
    const gained = set.losses.subarray(0, 100).filter((loss) => loss < 0).length
    expect(intervalOf(set, 100, 1000)).toEqual(pairedInterval({ lost, gained, images: 100 }, 1000, stoppingAllowance))
    const drop = dropOf(set.losses)
    expect(intervalOf(set, 1000, 1000)).toEqual({ value: drop, low: drop, high: drop })
  })

  it('takes no more images than are known', () => {
    const { known, losses } = testSet(50, 2, () => 0.2, 0.1, rngFrom('a tiny set'))
    const cell = openRegression(known, 50).cell()
    cell.add(losses)
    expect(() => cell.add(losses)).toThrow('more images than are known')
  })
})

describe('stopping when the regressed interval is narrow', () => {
  const [size, chunk, width, sets] = [4000, 125, 0.015, 120]
  const settings: [string, number, (margin: number) => number, number][] = [
    ['nothing lost', 10, () => 0, 0],
    ['little lost', 10, (margin) => 0.1 * Math.exp(-margin), 0.02],
    ['some lost', 10, (margin) => 0.4 * Math.exp(-margin / 3), 0.05],
    ['much lost, whatever the margin', 10, () => 0.45, 0.1],
    ['of two classes', 2, (margin) => 0.5 * Math.exp(-margin / 3), 0.2],
    ['of many classes for their images', 12, (margin) => 0.4 * Math.exp(-margin / 3), 0.05],
  ]

  it.each(settings)('covers the truth in 95 %% of test sets and is not biased: %s', (_, classes, chance, gained) => {
    const runs = Array.from({ length: sets }, (_, seed) => {
      const { known, losses } = testSet(size, classes, chance, gained, rngFrom('a test set', classes, gained, seed))
      const cell = openRegression(known, size).cell()
      let images = 0
      let interval: PairedInterval
      do {
        cell.add(losses.subarray(images, (images += chunk)))
        interval = cell.interval()
      } while (!isNarrow(interval, width))
      const truth = dropOf(losses)
      return { error: interval.value - truth, covered: truth >= interval.low && truth <= interval.high, images }
    })
    const coverage = mean(runs.map(({ covered }) => Number(covered)))
    const bias = mean(runs.map(({ error }) => error))
    const deviation = Math.sqrt(mean(runs.map(({ error }) => (error - bias) ** 2)))
    // Binomial: 2.5 standard deviations of a share of .95 in so many sets.
    expect(coverage).toBeGreaterThan(0.95 - 2.5 * Math.sqrt((0.95 * 0.05) / sets))
    expect(Math.abs(bias)).toBeLessThanOrEqual((3 * deviation) / Math.sqrt(sets))
  })
})
