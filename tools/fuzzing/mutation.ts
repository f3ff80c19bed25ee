import type { Rng } from '@loadbearing/core'

/** A way to damage a file. `other` is a second file of the same format; undefined where the file has nothing that it can damage. */
export type Mutation<Bytes = Uint8Array> = (bytes: Bytes, rng: Rng, other: Bytes) => Bytes | undefined

/** Numbers at which code that counts goes wrong. */
export const extremes: readonly number[] = [
  ...[-1, 0, 1, 2, 3, 7, 8, 9, 64, 255, 256, 65_535, 65_536, 1e6, 2 ** 24, 2 ** 26 + 1, 2 ** 28, 2 ** 30],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 62, 2 ** 63 - 1024],
  ...[-2, -128, -(2 ** 31), -(2 ** 53), -(2 ** 63)],
]

/** One of the items. @throws RangeError where there is none */
export function oneOf<T>(items: readonly T[], rng: Rng): T {
  if (items.length === 0) throw new RangeError('There is nothing to choose from.')
  return items[rng.integer(items.length)]!
}
