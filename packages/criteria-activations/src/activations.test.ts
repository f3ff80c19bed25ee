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
import { ckaWithInput } from './cka-with-input.ts'

type Rows = readonly (readonly number[])[]

interface Seen {
  readonly op?: 'Conv' | 'MatMul'
  /** Of one example. */
  readonly shape?: readonly number[]
  readonly inputShape?: readonly number[]
  /** A row an example. */
  readonly reads?: Rows
  readonly makes: Rows
}

/** In batches of two. */
async function outcomeOf(
  criterion: AnyCriterion,
  { makes, reads = makes, op = 'Conv', shape = [makes[0]!.length], inputShape = shape }: Seen,
  options = {},
): Promise<ScoreOutcome> {
  const batch = (start: number): LayerActivations => {
    const of = (rows: Rows, its: readonly number[]) => {
      const some = rows.slice(start, start + 2)
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
      activations: {
        async *activations() {
          for (let start = 0; start < makes.length; start += 2) yield new Map([['only', batch(start)]])
        },
      },
    },
    options,
  )
  return outcomes.get('only')!
}

const scoreOf = async (...given: Parameters<typeof outcomeOf>): Promise<number | undefined> =>
  (await outcomeOf(...given)).value

const all = [activationEffectiveRank, activationEntropy, activationRange, apoz, ckaWithInput]

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

  it('name what is missing for a score', async () => {
    const zeros = [
      [0, 0],
      [0, 0],
    ]
    expect(await outcomeOf(activationRange, { makes: zeros })).toEqual({ reason: 'it makes nothing but zeros' })
    expect(await outcomeOf(ckaWithInput, { makes: zeros })).toEqual({
      reason: 'what it reads or makes is the same for all examples',
    })
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
