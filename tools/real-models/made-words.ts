import type { Rng } from '@loadbearing/core'

/** Sentences of words that mean nothing. */
export const sentences = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => `${words(rng, 4 + rng.integer(10))}.`).join(' ')

/** So many words, the first with a capital. */
export function words(rng: Rng, count: number): string {
  const text = Array.from({ length: count }, () => word(rng)).join(' ')
  return text[0]!.toUpperCase() + text.slice(1)
}

const syllables =
  'ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za bl cr dr fl gl sh th st tr ly ng rt'.split(' ')

export function word(rng: Rng): string {
  return Array.from({ length: 1 + rng.integer(3) }, () => syllables[rng.integer(syllables.length)]).join('')
}
