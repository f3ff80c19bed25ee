import type { Rng } from '@loadbearing/core'
import type { Mutation } from './mutation.ts'

/** Damage that a disk, a network or an editor does to any file. */
export const byteMutations: Readonly<Record<string, Mutation>> = {
  'bits flipped': (bytes, rng) => {
    const changed = Uint8Array.from(bytes)
    for (let flips = 1 + rng.integer(8); flips > 0; flips--) changed[rng.integer(bytes.length)]! ^= 1 << rng.integer(8)
    return changed
  },
  'a run overwritten': (bytes, rng) => {
    const changed = Uint8Array.from(bytes)
    const start = rng.integer(bytes.length)
    const noise = randomBytes(Math.min(1 + rng.integer(32), bytes.length - start), rng)
    const fill = [undefined, 0x00, 0x7f, 0xff][rng.integer(4)]
    changed.set(fill === undefined ? noise : noise.fill(fill), start)
    return changed
  },
  'cut off': (bytes, rng) => bytes.subarray(0, rng.integer(bytes.length)),
  'bytes put in': (bytes, rng) => {
    const at = rng.integer(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), randomBytes(1 + rng.integer(16), rng), bytes.subarray(at)])
  },
  'bytes taken out': (bytes, rng) => {
    const at = rng.integer(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + rng.integer(32))])
  },
  'a run repeated': (bytes, rng) => {
    const at = rng.integer(bytes.length)
    const run = bytes.subarray(at, at + 1 + rng.integer(256))
    return Buffer.concat([bytes.subarray(0, at), run, run, bytes.subarray(at + run.length)])
  },
  'spliced with another file': (bytes, rng, other) =>
    Buffer.concat([bytes.subarray(0, rng.integer(bytes.length)), other.subarray(rng.integer(other.length))]),
}

function randomBytes(count: number, rng: Rng): Uint8Array {
  return Uint8Array.from({ length: count }, () => rng.integer(256))
}
