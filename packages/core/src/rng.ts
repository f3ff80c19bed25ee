import { sha256 } from '@noble/hashes/sha2.js'
import ln from '@stdlib/math-base-special-ln'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** A seeded stream of random numbers; the same on every machine and engine. */
export interface Rng {
  /** Uniform on [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** Uniform on {0, …, bound − 1}; `bound` a positive integer. */
  integer(bound: number): number
  /** `items` in a random order, as a new array. */
  shuffle<T>(items: Iterable<T>): T[]
  /** An independent stream named by `path`. It depends on this stream's own path alone, never on what was drawn from it. */
  split(...path: readonly (string | number)[]): Rng
}

/**
 * The stream named by `path`. The rule, so that anyone can recompute a draw: the path as JSON, in UTF-8, through SHA-256;
 * the first 16 bytes, as two big-endian 64-bit integers, are the state of xoroshiro128+ (Blackman & Vigna 2018), of whose
 * outputs the low 32 bits are used. A uniform is (a · 2²⁷ + b) / 2⁵³: a is the low 26 bits of one output, b the low 27 of
 * the next. Normals come by Marsaglia's polar method (1964) in pairs, the second kept for the next call; its logarithm is
 * that of FreeBSD's msun, as stdlib ported it, which rounds alike on every engine.
 */
export function rngFrom(...path: readonly (string | number)[]): Rng {
  const digest = new DataView(sha256(new TextEncoder().encode(JSON.stringify(path))).buffer)
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.getInt32(offset)))
  let spare: number | undefined

  const uniform = (): number => uniformFloat64(generator)
  const integer = (bound: number): number => Math.floor(uniform() * bound)

  return {
    uniform,
    integer,
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      for (;;) {
        const u = 2 * uniform() - 1
        const v = 2 * uniform() - 1
        const s = u * u + v * v
        if (s === 0 || s >= 1) continue
        const scale = Math.sqrt((-2 * ln(s)) / s)
        spare = v * scale
        return u * scale
      }
    },
    shuffle(items) {
      const order = [...items]
      for (let last = order.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        ;[order[last], order[other]] = [order[other]!, order[last]!]
      }
      return order
    },
    split: (...more) => rngFrom(...path, ...more),
  }
}
