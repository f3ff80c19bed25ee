import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { rngFrom } from './rng.ts'

const draws = (rng: ReturnType<typeof rngFrom>, count: number): number[] =>
  Array.from({ length: count }, () => rng.uniform())

/** xoroshiro128+ 24-16-37 on 64-bit integers, written from its definition, as an independent answer. */
function referenceUniforms(path: readonly (string | number)[], count: number): number[] {
  const digest = createHash('sha256').update(JSON.stringify(path)).digest()
  const word = (i: number): bigint => BigInt(digest.readUInt32BE(4 * i))
  const mask = (1n << 64n) - 1n
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (64n - k))) & mask
  let s0 = (word(0) << 32n) | word(1)
  let s1 = (word(2) << 32n) | word(3)
  const next = (): number => {
    const out = (s0 + s1) & mask
    const a = s0 ^ s1
    s0 = rotate(s0, 24n) ^ a ^ ((a << 16n) & mask)
    s1 = rotate(a, 37n)
    return Number(out & 0xffffffffn)
  }
  return Array.from({ length: count }, () => {
    const [high, low] = [next(), next()]
    return ((high & 0x3ffffff) * 2 ** 27 + (low & 0x7ffffff)) / 2 ** 53
  })
}

describe('rngFrom', () => {
  it('is the published rule: SHA-256 of the path as JSON seeds xoroshiro128+', () => {
    const path = ['loadbearing/v1', 'truth', 'conv1.weight', 0.4, 1]
    expect(draws(rngFrom(...path), 5)).toEqual(referenceUniforms(path, 5))
  })

  it('splits by path alone, whatever was drawn before', () => {
    const parent = rngFrom('a')
    const fresh = draws(parent.split('b', 2), 4)
    draws(parent, 100)
    expect(draws(parent.split('b', 2), 4)).toEqual(fresh)
    expect(draws(rngFrom('a', 'b', 2), 4)).toEqual(fresh)
    expect(draws(parent.split('b', 3), 4)).not.toEqual(fresh)
  })

  it('tells numbers from strings and paths from their joints', () => {
    expect(draws(rngFrom('a', 1), 2)).not.toEqual(draws(rngFrom('a', '1'), 2))
    expect(draws(rngFrom('ab'), 2)).not.toEqual(draws(rngFrom('a', 'b'), 2))
  })

  it('draws normals with the moments of a standard normal', () => {
    const rng = rngFrom('moments')
    const n = 200_000
    const sums = [0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const z = rng.normal()
      for (let power = 0; power < 4; power++) sums[power]! += z ** (power + 1)
    }
    const [mean, second, third, fourth] = sums.map((sum) => sum / n) as [number, number, number, number]
    // Four standard errors: √(1/n), √(2/n), √(15/n), √(96/n).
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / n))
    expect(Math.abs(second - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
    expect(Math.abs(third)).toBeLessThan(4 * Math.sqrt(15 / n))
    expect(Math.abs(fourth - 3)).toBeLessThan(4 * Math.sqrt(96 / n))
  })

  it('draws integers within their bound and shuffles into permutations', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), fc.array(fc.integer()), (seed, bound, items) => {
        const rng = rngFrom(seed)
        const value = rng.integer(bound)
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true)
        expect(rng.shuffle(items).sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b))
      }),
    )
  })
})
