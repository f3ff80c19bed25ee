import { rngFrom } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { noiseCeiling, poolOutcomes, rowMeans, spearman, type PooledOutcomes, type TaskOutcomes } from './index.ts'

interface Noise {
  layers: number
  levels: number
  repeats: number
  images: number
  /** Distance between the most and the least sensitive layer, in logits. */
  spread: number
  /** Standard deviations, in logits: of a draw, of an image on all layers, of an image on one layer. */
  draw: number
  image: number
  imageOfLayer: number
  stochastic: boolean
}

/** A task whose true order of layers is known: images turn wrong with a chance that grows with the layer's true sensitivity. */
function simulate(noise: Noise, seed: number): { truth: number[]; pooled: PooledOutcomes } {
  const rng = rngFrom('simulated task', seed)
  const truth = Array.from({ length: noise.layers }, () => noise.spread * rng.uniform())
  const hardness = Array.from({ length: noise.images }, () => noise.image * rng.normal())
  const ofLayer = truth.map(() => hardness.map((hard) => hard + noise.imageOfLayer * rng.normal()))
  const cells = new Map<string, Float32Array>()
  for (let layer = 0; layer < noise.layers; layer++) {
    for (let level = 0; level < noise.levels; level++) {
      for (let repeat = 0; repeat < noise.repeats; repeat++) {
        const shift = truth[layer]! * (level + 1) - 2.5 + noise.draw * rng.normal()
        const wrong = ofLayer[layer]!.map((hard) => (rng.uniform() < 1 / (1 + Math.exp(-shift - hard)) ? 1 : 0))
        cells.set([layer, level, repeat].join(), Float32Array.from(wrong))
      }
    }
  }
  const cell = (...at: number[]): Float32Array | undefined => cells.get(at.join())
  const { layers, repeats, images, stochastic } = noise
  const levels = Array.from({ length: noise.levels }, () => ({ repeats, images }))
  const about = { layers, levels, stochastic, classes: 10, cleanAccuracy: 0.9 }
  const outcomes: TaskOutcomes = { ...about, loss: cell, boundedKl: cell }
  return { truth, pooled: poolOutcomes(outcomes, [...levels.keys()], 'accuracy-drop') }
}

const noise = { layers: 30, levels: 1, repeats: 2, images: 200, draw: 0, image: 1, imageOfLayer: 0, stochastic: true }

describe('the noise ceiling is the correlation of the noisy truth with the true one', () => {
  it.each<[string, Noise]>([
    ['each image meeting each draw', { ...noise, spread: 1.6 }],
    ['images', { ...noise, spread: 1.6, imageOfLayer: 3 }],
    ['draws', { ...noise, levels: 2, repeats: 4, spread: 1.6, draw: 0.5 }],
    ['two draws a level', { ...noise, levels: 3, spread: 0.8, draw: 0.5 }],
    [
      'everything, in odd numbers',
      { ...noise, levels: 2, repeats: 3, images: 151, spread: 1, draw: 0.3, imageOfLayer: 1 },
    ],
    [
      'images alone, deterministic',
      { ...noise, levels: 2, repeats: 1, spread: 0.8, imageOfLayer: 2, stochastic: false },
    ],
  ])('where the noise is of %s', (_, kind) => {
    const tasks = Array.from({ length: 40 }, (_, seed) => {
      const { truth, pooled } = simulate(kind, seed)
      const { value } = noiseCeiling(pooled, kind.stochastic, { rng: rngFrom('splits', seed), splits: 20 })
      return { actual: spearman(truth, rowMeans(pooled)), ceiling: value! }
    })
    const mean = (of: 'actual' | 'ceiling'): number => tasks.reduce((sum, task) => sum + task[of], 0) / tasks.length
    expect(mean('actual')).toBeGreaterThan(0.8)
    expect(mean('actual')).toBeLessThan(0.98)
    expect(Math.abs(mean('ceiling') - mean('actual'))).toBeLessThan(0.02)
  })
})

describe('the noise ceiling', () => {
  const { pooled } = simulate({ ...noise, spread: 1.6 }, 1)

  it('is the same for the same seed', () => {
    const ceiling = (seed: string): unknown => noiseCeiling(pooled, true, { rng: rngFrom(seed), splits: 10 })
    expect(ceiling('a')).toEqual(ceiling('a'))
    expect(ceiling('a')).not.toEqual(ceiling('b'))
  })

  it('is exactly 1 without noise', () => {
    const images = 10
    const values = Float32Array.from({ length: 4 * images }, (_, i) => Math.floor(i / images) / 10)
    const exact = { layers: [0, 1, 2, 3], levels: 1, repeats: 1, images, values }
    expect(noiseCeiling(exact, false, { rng: rngFrom('any') })).toEqual({ value: 1 })
  })

  it('of one split is the textbook formula: √(2r / (1 + r)) where images alone are split', () => {
    // Three layers and two images: the halves are the images. Ranks 1 2 3 and 1 3 2 correlate by .5.
    const values = Float32Array.of(0.1, 0.1, 0.2, 0.3, 0.3, 0.2)
    const two = { layers: [0, 1, 2], levels: 1, repeats: 1, images: 2, values }
    expect(noiseCeiling(two, false, { rng: rngFrom('any'), splits: 3 }).value).toBeCloseTo(Math.sqrt(1 / 1.5), 12)
  })

  it('is unknown where the halves disagree', () => {
    const values = Float32Array.of(0.1, 0.3, 0.2, 0.2, 0.3, 0.1)
    const opposed = { layers: [0, 1, 2], levels: 1, repeats: 1, images: 2, values }
    expect(noiseCeiling(opposed, false, { rng: rngFrom('any') })).toEqual({
      value: null,
      reason: 'the halves of the truth do not agree',
    })
  })

  it('is unknown where nothing can be split', () => {
    const one = { layers: [0, 1], levels: 1, repeats: 1, images: 1, values: Float32Array.of(0, 1) }
    expect(noiseCeiling(one, false, { rng: rngFrom('any') }).reason).toMatch('one image')
    expect(noiseCeiling({ ...one, images: 2 }, true, { rng: rngFrom('any') }).reason).toMatch('one repeat')
  })
})
