import { byteMutations } from './byte-mutations.ts'
import { extremes, type Mutation, oneOf } from './mutation.ts'

/** Bytes at the end of an Arrow file that are no footer: its length, and the mark. */
const trailer = 10

/** Damage to an Arrow IPC file: to any bytes, or to the numbers by which a reader finds its way. */
export const arrowMutations: Readonly<Record<string, Mutation>> = {
  ...byteMutations,
  'a word of the footer changed': (bytes, rng) => {
    const start = footerStart(bytes)
    return start === undefined ? undefined : withWord(bytes, start, bytes.length - trailer, rng)
  },
  'the length of the footer changed': (bytes, rng) => withWord(bytes, bytes.length - trailer, bytes.length - 6, rng),
  'a word of a message changed': (bytes, rng) => {
    const messages = messagesOf(bytes)
    if (messages.length === 0) return undefined
    const [start, end] = oneOf(messages, rng)
    return withWord(bytes, start, end, rng)
  },
  'a word anywhere changed': (bytes, rng) => withWord(bytes, 8, bytes.length - trailer, rng),
}

/** With an extreme number in place of a word of 2, 4 or 8 bytes, or the word moved a little; words lie at multiples of their size. */
function withWord(bytes: Uint8Array, start: number, end: number, rng: Parameters<Mutation>[1]): Uint8Array | undefined {
  const width = oneOf([2, 4, 4, 4, 8], rng)
  const places = Math.floor((end - start) / 2)
  if (places < 1) return undefined
  const at = start + 2 * rng.integer(places)
  if (at + width > bytes.length) return undefined
  const changed = Buffer.from(bytes)
  const moved = rng.integer(2) === 0
  const word = moved
    ? BigInt(changed.readIntLE(at, Math.min(width, 4))) + BigInt(oneOf([-8, -4, -1, 1, 4, 8, 64], rng))
    : BigInt(oneOf(extremes, rng))
  const whole = Buffer.alloc(8)
  whole.writeBigInt64LE(BigInt.asIntN(64, word))
  whole.copy(changed, at, 0, moved ? Math.min(width, 4) : width)
  return changed
}

function footerStart(bytes: Uint8Array): number | undefined {
  const length = Buffer.from(bytes).readInt32LE(bytes.length - trailer)
  const start = bytes.length - trailer - length
  return length > 0 && start >= 8 ? start : undefined
}

/** Where the metadata of messages lies: behind a word of ones and their length. */
function messagesOf(bytes: Uint8Array): [start: number, end: number][] {
  const buffer = Buffer.from(bytes)
  const found: [number, number][] = []
  for (let at = 8; at + 8 < bytes.length - trailer; at += 8) {
    if (buffer.readInt32LE(at) !== -1) continue
    const length = buffer.readInt32LE(at + 4)
    if (length > 0 && at + 8 + length <= bytes.length) found.push([at + 4, at + 8 + length])
  }
  return found
}
