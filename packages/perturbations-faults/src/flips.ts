import type { Rng } from '@loadbearing/core'
import { successes } from './chance.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, bit) => bit)

export const int8Bits: readonly number[] = upTo(8)
export const float32Bits: readonly number[] = upTo(32)
/** Without the top bit of the exponent: while it is unset, a weight is smaller than 2. */
export const float32BitsBut30: readonly number[] = float32Bits.filter((bit) => bit !== 30)
/** Of a float16 or a bfloat16, without the top bit of the exponent. */
export const float16BitsBut14: readonly number[] = upTo(16).filter((bit) => bit !== 14)

/**
 * Inverts each of these bits of every word with probability `rate`, independently. Places are drawn word by word, in
 * each in the order of `bits`.
 *
 * @throws RangeError where `rate` is no probability
 */
export function flipBits(
  words: Int8Array | Uint16Array | Uint32Array,
  bits: readonly number[],
  rate: number,
  rng: Rng,
): void {
  for (const place of successes(words.length * bits.length, rate, rng)) {
    words[Math.floor(place / bits.length)]! ^= 1 << bits[place % bits.length]!
  }
}
