import { LoadbearingError, type Rng } from '@loadbearing/core'
import { type Mutation, oneOf } from './mutation.ts'

/** What became of one damaged file. */
export interface Outcome {
  /** Read, refused by an error of Loadbearing, or by an error that is none of Loadbearing's. */
  readonly kind: 'read' | 'refused' | 'foreign'
  /** Class of the error, or what reading came to. */
  readonly as: string
  readonly message: string
  /** What was done to the file. */
  readonly damage: readonly string[]
}

/** A damaged file of a format, and how it is read. */
export interface FuzzCase {
  readonly damage: readonly string[]
  readonly bytes: Uint8Array
  /** Reads it and does what follows; says what that came to. */
  readonly read: () => Promise<string>
}

/** A file with one to three kinds of damage, and their names. */
export function damaged(
  bases: ReadonlyMap<string, Uint8Array>,
  mutations: Readonly<Record<string, Mutation>>,
  rng: Rng,
): { readonly base: string; readonly bytes: Uint8Array; readonly damage: string[] } {
  const names = [...bases.keys()]
  const base = oneOf(names, rng)
  const damage = [base]
  let bytes = bases.get(base)!
  const wanted = 1 + oneOf([0, 0, 0, 1, 2], rng)
  while (damage.length <= wanted && bytes.length > 0) {
    const what = oneOf(Object.keys(mutations), rng)
    const changed = mutations[what]!(bytes, rng, bases.get(oneOf(names, rng))!)
    if (!changed) continue
    bytes = changed
    damage.push(what)
  }
  return { base, bytes, damage }
}

/** Reads a damaged file, and says what became of it. */
export async function outcomeOf({ damage, read }: FuzzCase): Promise<Outcome> {
  try {
    return { kind: 'read', as: await read(), message: '', damage }
  } catch (error) {
    const isOurs = error instanceof LoadbearingError && error.message !== '' && error.hint !== undefined
    const message = isOurs ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
    const as = error instanceof Error ? error.name : typeof error
    return { kind: isOurs ? 'refused' : 'foreign', as, message, damage }
  }
}
