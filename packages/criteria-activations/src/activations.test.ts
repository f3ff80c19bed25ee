import {
  type AnyCriterion,
  type Layer,
  type LayerActivations,
  rngFrom,
  scoreLayers,
  type ScoreOutcome,
  tensor,
} from '@loadbearing/core'
import { conformance } from '@loadbearing/core/conformance'
import { describe, expect, it } from 'vitest'
import { activationEffectiveRank } from './activation-effective-rank.ts'
import { activationEntropy } from './activation-entropy.ts'
import { activationRange } from './activation-range.ts'
import { apoz } from './apoz.ts'
import { blockInfluence } from './block-influence.ts'
import { ckaWithInput } from './cka-with-input.ts'
import { hsic } from './hsic.ts'

type Rows = readonly (readonly number[])[]

interface Seen {
  readonly op?: 'Conv' | 'MatMul'
  /** Of one example. */
  readonly shape?: readonly number[]
  readonly inputShape?: readonly number[]
  /** A row an example. */
  readonly reads?: Rows
  readonly makes: Rows
  readonly labels?: readonly number[]
}

/** In batches of two. */
async function outcomeOf(
  criterion: AnyCriterion,
  {
    makes,
    reads = makes,
    op = 'Conv',
    shape = [makes[0]!.length],
    inputShape = shape,
    labels = makes.map((_, i) => i),
  }: Seen,
  options = {},
): Promise<ScoreOutcome> {
  const batch = (start: number, end: number): LayerActivations => {
    const of = (rows: Rows, its: readonly number[]) => {
      const some = rows.slice(start, end)
      return tensor([some.length, ...its], some.flat())
    }
    return { input: of(reads, inputShape), output: of(makes, shape) }
  }
  const outcomes = await scoreLayers(
    criterion,
    {
      layers: [
        { name: 'only', op, weightShape: [2, 2], outputAxis: 1, inputShape, outputShape: shape } as unknown as Layer,
      ],
      rng: rngFrom('test'),
      examples: makes.length,
      labels: { labels: Int32Array.from(labels) },
      activations: {
        async *activations({ examples = makes.length } = {}) {
          const count = Math.min(examples, makes.length)
          for (let start = 0; start < count; start += 2) {
            yield new Map([['only', batch(start, Math.min(start + 2, count))]])
          }
        },
      },
    },
    options,
  )
  return outcomes.get('only')!
}

const scoreOf = async (...given: Parameters<typeof outcomeOf>): Promise<number | undefined> =>
  (await outcomeOf(...given)).value

const all = [activationEffectiveRank, activationEntropy, activationRange, apoz, blockInfluence, ckaWithInput, hsic]

describe('criteria of activations', () => {
  for (const criterion of all) conformance(criterion, it)

  it('activation-range is the mean of the largest magnitudes, 2 and 6, over the root mean square, √(48 / 6)', async () => {
    const makes = [
      [0, -2],
      [-6, 2],
      [2, 0],
    ]
    expect(await scoreOf(activationRange, { makes: makes.slice(0, 2) })).toBeCloseTo(4 / Math.sqrt(44 / 4), 12)
    expect(await scoreOf(activationRange, { makes })).toBeCloseTo(10 / 3 / Math.sqrt(48 / 6), 12)
    expect(await scoreOf(activationRange, { makes }, { examples: 1 })).toBeCloseTo(Math.SQRT2, 12)
  })

  it('apoz counts what is positive: three of six', async () => {
    const makes = [
      [0, -2],
      [-6, 2],
      [2, 1],
    ]
    expect(await scoreOf(apoz, { makes })).toBe(0.5)
    expect(await scoreOf(apoz, { makes }, { examples: 2 })).toBe(0.25)
  })

  it('cka-with-input sees that the second of two features, as wide as the first, is gone: 1 − 1/√2', async () => {
    const reads = [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]
    // Centred already: ‖YᵀX‖² = 4, ‖XᵀX‖ = √8, ‖YᵀY‖ = 2.
    const makes = reads.map(([x]) => [x!])
    expect(await scoreOf(ckaWithInput, { reads, makes, shape: [1], inputShape: [2] })).toBeCloseTo(1 - Math.SQRT1_2, 12)
    // A rotation, a scaling and a shift change nothing.
    const moved = reads.map(([x, y]) => [5 - 3 * y!, 3 * x! + 7])
    expect(await scoreOf(ckaWithInput, { reads, makes: moved })).toBeCloseTo(0, 12)
  })

  it('activation-effective-rank takes singular values, of places as rows: 3 and 1', async () => {
    const expected = Math.exp(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25))
    // The places (3, 0), (0, 1), (0, 0).
    expect(await scoreOf(activationEffectiveRank, { makes: [[3, 0, 0, 0, 1, 0]], shape: [2, 3] })).toBeCloseTo(
      expected,
      6,
    )
    const tokens: Seen = { op: 'MatMul', makes: [[3, 0, 0, 1, 0, 0]], shape: [3, 2] }
    expect(await scoreOf(activationEffectiveRank, tokens)).toBeCloseTo(expected, 6)
    expect(await scoreOf(activationEffectiveRank, { makes: [[0, 0]] })).toBe(0)
  })

  it('activation-entropy averages over channels the entropy of the means over places', async () => {
    // The first channel's means are 0, 0, 1 and 4, in bins of 2: 3/4 and 1/4; the second is always 1.
    const makes = [
      [-1, 1, 1, 1],
      [0, 0, 2, 0],
      [1, 1, 1, 1],
      [4, 4, 0, 2],
    ]
    const expected = (-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25)) / 2
    expect(await scoreOf(activationEntropy, { makes, shape: [2, 2] }, { bins: 2 })).toBeCloseTo(expected, 12)
    expect(await scoreOf(activationEntropy, { makes, shape: [2, 2] }, { examples: 2 })).toBe(0)
  })

  it('block-influence averages the cosines of what is read and made, place by place: 1, 0, −1/√2 and none', async () => {
    // Two places of two channels: (3, 4) and (1, 0), then (1, 0) and (0, 0), which has no angle.
    const reads = [
      [3, 1, 4, 0],
      [1, 0, 0, 0],
    ]
    const makes = [
      [6, 0, 8, 2],
      [-1, 5, 1, 5],
    ]
    const seen: Seen = { reads, makes, shape: [2, 2] }
    expect(await scoreOf(blockInfluence, seen)).toBeCloseTo(1 - (1 + 0 - Math.SQRT1_2) / 3, 12)
    expect(await scoreOf(blockInfluence, seen, { examples: 1 })).toBeCloseTo(1 - 1 / 2, 12)
    expect(await outcomeOf(blockInfluence, { ...seen, inputShape: [4] })).toEqual({
      reason: 'reads and makes tensors of different shapes',
    })
  })

  it('hsic sees two classes that are two points: (1 − e^−½) · 4 / 9', async () => {
    // Of the six distances four are 1 and two are 0, so that σ is 1. K = e^−½ + (1 − e^−½) L, and tr(L H L H) = 4.
    const makes = [[0], [1], [0], [1]]
    const labels = [4, 7, 4, 7]
    expect(await scoreOf(hsic, { makes, labels })).toBeCloseTo(((1 - Math.exp(-0.5)) * 4) / 9, 12)
    // Whatever the scale, as σ follows it; and nothing where every class is at both points.
    expect(await scoreOf(hsic, { makes: makes.map(([y]) => [8 * y!]), labels })).toBeCloseTo(
      ((1 - Math.exp(-0.5)) * 4) / 9,
      12,
    )
    expect(await scoreOf(hsic, { makes, labels: [4, 4, 7, 7] })).toBeCloseTo(0, 12)
    // Five of six examples at one point: the median of the distances is 0, their mean 5/15, and tr(L H L H) = 25/9.
    const apart = [[0], [0], [0], [0], [0], [1]]
    const expected = (1 - Math.exp(-4.5)) / 9
    expect(await scoreOf(hsic, { makes: apart, labels: [1, 1, 1, 1, 1, 2] })).toBeCloseTo(expected, 12)
  })

  it('activation-entropy takes no number of bins that would fill the memory', () => {
    const { bins } = activationEntropy.options.shape
    expect(bins.safeParse(4096).success).toBe(true)
    expect(bins.safeParse(1e8).success).toBe(false)
  })

  it('name what is missing for a score', async () => {
    const zeros = [
      [0, 0],
      [0, 0],
    ]
    expect(await outcomeOf(activationRange, { makes: zeros })).toEqual({ reason: 'it makes nothing but zeros' })
    expect(await outcomeOf(ckaWithInput, { makes: zeros })).toEqual({
      reason: 'what it reads or makes is the same for all examples',
    })
    expect(await outcomeOf(blockInfluence, { makes: zeros })).toEqual({ reason: 'reads or makes nothing but zeros' })
    expect(await outcomeOf(hsic, { makes: zeros })).toEqual({ reason: 'it makes the same of all examples' })
    expect(await outcomeOf(hsic, { makes: [[1], [2]], labels: [3, 3] })).toEqual({
      reason: 'all examples are of one class',
    })
    const two = {
      makes: [
        [1, 5],
        [2, 7],
      ],
      labels: [3, 4],
    }
    for (const criterion of [ckaWithInput, hsic]) {
      expect(await outcomeOf(criterion, two)).toEqual({ reason: 'two examples are too few' })
    }
  })

  it.each(all)('$name gives no score where an activation is not a number', async (criterion) => {
    const makes = [
      [1, 2],
      [NaN, 1],
      [3, -1],
    ]
    expect(await outcomeOf(criterion, { makes })).toEqual({ reason: 'gave NaN' })
  })
})
