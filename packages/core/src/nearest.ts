import { closest, distance } from 'fastest-levenshtein'
import { InputError } from './errors.ts'

/** The candidate a person most likely meant by `name`: the only one that contains it, or one that is close; undefined where there is none. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const containing = candidates.filter((candidate) => candidate.includes(name))
  if (name !== '' && containing.length === 1) return containing[0]
  const candidate = closest(name, [...candidates])
  return distance(name, candidate) <= Math.max(2, Math.ceil(candidate.length / 3)) ? candidate : undefined
}

/**
 * The item called `name`.
 *
 * @param kind what the items are, for the sentence: 'layer', 'criterion', …
 * @throws InputError that names the nearest valid name, or all of them where none is near
 */
export function findNamed<T extends { readonly name: string }>(kind: string, name: string, items: readonly T[]): T {
  const found = items.find((item) => item.name === name)
  if (found) return found
  const names = items.map((item) => item.name)
  const near = nearest(name, names)
  throw new InputError(`There is no ${kind} called '${name}'.`, {
    hint: near ? `Did you mean '${near}'?` : `Known: ${names.join(', ')}.`,
  })
}
